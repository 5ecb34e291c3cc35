package main

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// dependents creates the resources of the configuration that belong to the user, each followed by its read.
func (it flow) dependents(group string) {
	fmt.Println("aws_iam_user_login_profile: create")
	_, err := it.CreateLoginProfile(it, &iam.CreateLoginProfileInput{
		UserName: &it.user, Password: aws.String("Aa1!terraform-" + it.user), PasswordResetRequired: true,
	})
	it.call(http.StatusOK, err)
	profile, err := it.GetLoginProfile(it, &iam.GetLoginProfileInput{UserName: &it.user})
	it.call(http.StatusOK, err)
	equal("PasswordResetRequired", profile.LoginProfile.PasswordResetRequired, true)
	fmt.Println("aws_iam_access_key: create, import, deactivate")
	key, err := it.CreateAccessKey(it, &iam.CreateAccessKeyInput{UserName: &it.user})
	it.call(http.StatusOK, err)
	id := key.AccessKey.AccessKeyId
	used, err := it.GetAccessKeyLastUsed(it, &iam.GetAccessKeyLastUsedInput{AccessKeyId: id})
	it.call(http.StatusOK, err)
	equal("the user of the key", *used.UserName, it.user)
	_, err = it.UpdateAccessKey(it, &iam.UpdateAccessKeyInput{
		UserName: &it.user, AccessKeyId: id, Status: types.StatusTypeInactive,
	})
	it.call(http.StatusOK, err)
	keys, err := it.ListAccessKeys(it, &iam.ListAccessKeysInput{UserName: &it.user})
	it.call(http.StatusOK, err)
	equal("the status", keys.AccessKeyMetadata[0].Status, types.StatusTypeInactive)
	fmt.Println("aws_iam_user_group_membership: create")
	_, err = it.AddUserToGroup(it, &iam.AddUserToGroupInput{UserName: &it.user, GroupName: &group})
	it.call(http.StatusOK, err)
	groups, err := it.ListGroupsForUser(it, &iam.ListGroupsForUserInput{UserName: &it.user})
	it.call(http.StatusOK, err)
	equal("the group", *groups.Groups[0].GroupName, group)
	fmt.Println("aws_iam_user_policy: create")
	name := aws.String("inline")
	_, err = it.PutUserPolicy(it, &iam.PutUserPolicyInput{
		UserName: &it.user, PolicyName: name, PolicyDocument: aws.String(document),
	})
	it.call(http.StatusOK, err)
	_, err = it.GetUserPolicy(it, &iam.GetUserPolicyInput{UserName: &it.user, PolicyName: name})
	it.call(http.StatusOK, err)
	fmt.Println("aws_iam_user_policy_attachment: create")
	_, err = it.AttachUserPolicy(it, &iam.AttachUserPolicyInput{UserName: &it.user, PolicyArn: aws.String(readOnly)})
	it.call(http.StatusOK, err)
	attached, err := it.ListAttachedUserPolicies(it, &iam.ListAttachedUserPoliciesInput{UserName: &it.user})
	it.call(http.StatusOK, err)
	equal("the policy", *attached.AttachedPolicies[0].PolicyArn, readOnly)
}

// outside attaches what the configuration does not have, as the acceptance tests of force_destroy do.
func (it flow) outside() {
	fmt.Println("outside of the configuration: everything else that a user can have")
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		fail("no key: %v", err)
	}
	public, _ := x509.MarshalPKIXPublicKey(&key.PublicKey)
	_, err = it.UploadSSHPublicKey(it, &iam.UploadSSHPublicKeyInput{
		UserName: &it.user, SSHPublicKeyBody: aws.String(encoded("PUBLIC KEY", public)),
	})
	it.call(http.StatusOK, err)
	_, err = it.UploadSigningCertificate(it, &iam.UploadSigningCertificateInput{
		UserName: &it.user, CertificateBody: aws.String(encoded("CERTIFICATE", certificate(key))),
	})
	it.call(http.StatusOK, err)
	_, err = it.CreateServiceSpecificCredential(it, &iam.CreateServiceSpecificCredentialInput{
		UserName: &it.user, ServiceName: aws.String("codecommit.amazonaws.com"),
	})
	it.call(http.StatusOK, err)
	device, err := it.CreateVirtualMFADevice(it, &iam.CreateVirtualMFADeviceInput{
		VirtualMFADeviceName: aws.String("terraform-device"),
	})
	it.call(http.StatusOK, err)
	seed, now := string(device.VirtualMFADevice.Base32StringSeed), time.Now()
	_, err = it.EnableMFADevice(it, &iam.EnableMFADeviceInput{
		UserName: &it.user, SerialNumber: device.VirtualMFADevice.SerialNumber,
		AuthenticationCode1: aws.String(code(seed, now.Add(-30*time.Second))),
		AuthenticationCode2: aws.String(code(seed, now)),
	})
	it.call(http.StatusOK, err)
}

func encoded(kind string, bytes []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: bytes}))
}

func certificate(key *rsa.PrivateKey) []byte {
	subject := pkix.Name{CommonName: "terraform"}
	template := x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: subject, NotBefore: time.Now(), NotAfter: time.Now().AddDate(1, 0, 0),
	}
	bytes, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	if err != nil {
		fail("no certificate: %v", err)
	}
	return bytes
}

// code is the code of a device at a time (RFC 6238). The seed is in base32, and the SDK may have left it in base64.
func code(seed string, at time.Time) string {
	if bytes, err := base64.StdEncoding.DecodeString(seed); err == nil && len(seed)%8 != 0 {
		seed = string(bytes)
	}
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(seed)
	if err != nil {
		fail("no seed: %v", err)
	}
	digest := hmac.New(sha1.New, secret)
	_ = binary.Write(digest, binary.BigEndian, uint64(at.Unix()/30))
	sum := digest.Sum(nil)
	offset := sum[len(sum)-1] & 15
	number := binary.BigEndian.Uint32(sum[offset:offset+4]) & 0x7fffffff
	return fmt.Sprintf("%06d", number%1000000)
}
