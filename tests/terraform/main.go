// The acceptance flow of the Terraform resource aws_iam_user: create with tags and a boundary, read, change the
// tags, rename, add a login profile, an access key, a group, an inline and an attached policy, and destroy with
// force_destroy.
//
// This is the AWS SDK for Go in the order of the provider, with STS first and with its retries, and not the provider
// itself. The order is that of internal/service/iam of hashicorp/terraform-provider-aws at commit 5f2286d6d836. No
// code is taken over. The module of the provider has the clients of all services and takes too long to build here.
//
//	go run . URL
package main

import (
	"context"
	"fmt"
	"net/http"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// The number of attempts of the provider.
const attempts = 25

const readOnly = "arn:aws:iam::aws:policy/ReadOnlyAccess"

const document = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:List*","Resource":"*"}]}`

// A flow makes the calls of one configuration.
type flow struct {
	*iam.Client
	*recorder
	context.Context
	user string
}

func main() {
	if len(os.Args) != 2 {
		fail("expected the URL of an endpoint")
	}
	record := &recorder{transport: http.DefaultTransport}
	key := credentials.NewStaticCredentialsProvider("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "")
	ctx := context.Background()
	fmt.Println("provider: configure")
	identity := sts.New(sts.Options{
		BaseEndpoint: &os.Args[1], Region: "us-east-1", Credentials: key, HTTPClient: record, RetryMaxAttempts: attempts,
	})
	caller, err := identity.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	record.call(http.StatusOK, err)
	equal("the account", len(*caller.Account), 12)
	client := iam.New(iam.Options{
		BaseEndpoint: &os.Args[1], Region: "us-east-1", Credentials: key, HTTPClient: record, RetryMaxAttempts: attempts,
	})
	run := flow{client, record, ctx, "terraform-user"}
	group, boundary := run.prepare()
	run.create(boundary)
	run.update()
	run.dependents(group)
	run.outside()
	run.destroy()
	run.finish(group, boundary)
	fmt.Printf("%d requests, %d of them throttled and sent again\n", record.requests, record.throttled)
}

// prepare creates the other resources of the configuration: aws_iam_group and aws_iam_policy.
func (it flow) prepare() (group, boundary string) {
	fmt.Println("aws_iam_group: create")
	group = "terraform-group"
	_, err := it.CreateGroup(it, &iam.CreateGroupInput{GroupName: &group, Path: aws.String("/")})
	it.call(http.StatusOK, err)
	_, err = it.GetGroup(it, &iam.GetGroupInput{GroupName: &group})
	it.call(http.StatusOK, err)
	fmt.Println("aws_iam_policy: create")
	created, err := it.CreatePolicy(it, &iam.CreatePolicyInput{
		PolicyName: aws.String("terraform-boundary"), PolicyDocument: aws.String(document),
	})
	it.call(http.StatusOK, err)
	boundary = *created.Policy.Arn
	policy, err := it.GetPolicy(it, &iam.GetPolicyInput{PolicyArn: &boundary})
	it.call(http.StatusOK, err)
	_, err = it.GetPolicyVersion(it, &iam.GetPolicyVersionInput{
		PolicyArn: &boundary, VersionId: policy.Policy.DefaultVersionId,
	})
	it.call(http.StatusOK, err)
	return group, boundary
}

// read is what the provider does after each change, and at each refresh.
func (it flow) read(status int) *types.User {
	got, err := it.GetUser(it, &iam.GetUserInput{UserName: &it.user})
	it.call(status, err)
	if err != nil {
		return nil
	}
	return got.User
}

func (it flow) create(boundary string) {
	fmt.Println("aws_iam_user: create with tags and a boundary")
	tags := []types.Tag{{Key: aws.String("Name"), Value: aws.String("a")}, {Key: aws.String("Old"), Value: aws.String("b")}}
	_, err := it.CreateUser(it, &iam.CreateUserInput{
		UserName: &it.user, Path: aws.String("/"), PermissionsBoundary: &boundary, Tags: tags,
	})
	it.call(http.StatusOK, err)
	user := it.read(http.StatusOK)
	equal("the boundary", *user.PermissionsBoundary.PermissionsBoundaryArn, boundary)
	equal("the number of tags", len(user.Tags), 2)
	fmt.Println("aws_iam_user: refresh")
	it.read(http.StatusOK)
}

func (it *flow) update() {
	fmt.Println("aws_iam_user: change the tags")
	_, err := it.UntagUser(it, &iam.UntagUserInput{UserName: &it.user, TagKeys: []string{"Old"}})
	it.call(http.StatusOK, err)
	_, err = it.TagUser(it, &iam.TagUserInput{
		UserName: &it.user, Tags: []types.Tag{{Key: aws.String("Name"), Value: aws.String("c")}},
	})
	it.call(http.StatusOK, err)
	equal("the tag", *it.read(http.StatusOK).Tags[0].Value, "c")
	fmt.Println("aws_iam_user: change the name and the path")
	renamed := "terraform-user-renamed"
	_, err = it.UpdateUser(it, &iam.UpdateUserInput{
		UserName: &it.user, NewUserName: &renamed, NewPath: aws.String("/team/"),
	})
	it.call(http.StatusOK, err)
	it.user = renamed
	equal("the path", *it.read(http.StatusOK).Path, "/team/")
	fmt.Println("aws_iam_user: change and remove the boundary")
	_, err = it.PutUserPermissionsBoundary(it, &iam.PutUserPermissionsBoundaryInput{
		UserName: &it.user, PermissionsBoundary: aws.String(readOnly),
	})
	it.call(http.StatusOK, err)
	equal("the boundary", *it.read(http.StatusOK).PermissionsBoundary.PermissionsBoundaryArn, readOnly)
	_, err = it.DeleteUserPermissionsBoundary(it, &iam.DeleteUserPermissionsBoundaryInput{UserName: &it.user})
	it.call(http.StatusOK, err)
	if it.read(http.StatusOK).PermissionsBoundary != nil {
		fail("expected no boundary")
	}
}

// finish destroys the other resources.
func (it flow) finish(group, boundary string) {
	fmt.Println("aws_iam_policy: destroy")
	_, err := it.ListPolicyVersions(it, &iam.ListPolicyVersionsInput{PolicyArn: &boundary})
	it.call(http.StatusOK, err)
	_, err = it.DeletePolicy(it, &iam.DeletePolicyInput{PolicyArn: &boundary})
	it.call(http.StatusOK, err)
	fmt.Println("aws_iam_group: destroy")
	_, err = it.DeleteGroup(it, &iam.DeleteGroupInput{GroupName: &group})
	it.call(http.StatusOK, err)
}
