// Starts the reference endpoint for the tests of this package, and stops it at the end.
package iam

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

var client *iam.Client

func TestMain(m *testing.M) {
	server := exec.Command("iamspec", "serve", "--listen", "127.0.0.1:0")
	output, err := server.StdoutPipe()
	if err == nil {
		err = server.Start()
	}
	if err != nil {
		panic(err)
	}
	// The first line is the URL. The server responds from then on.
	line, _ := bufio.NewReader(output).ReadString('\n')
	client = iam.New(iam.Options{
		BaseEndpoint: aws.String(strings.TrimSpace(line)),
		Region:       "us-east-1",
		Credentials:  credentials.NewStaticCredentialsProvider("AKIAIOSFODNN7EXAMPLE", "secret", ""),
	})
	code := m.Run()
	server.Process.Kill()
	server.Wait()
	os.Exit(code)
}

func TestUserIsCreatedOnce(t *testing.T) {
	alice := &iam.CreateUserInput{UserName: aws.String("alice")}
	if _, err := client.CreateUser(t.Context(), alice); err != nil {
		t.Fatal(err)
	}
	_, err := client.CreateUser(t.Context(), alice)
	var exists *types.EntityAlreadyExistsException
	if !errors.As(err, &exists) {
		t.Fatalf("expected EntityAlreadyExists, got %v", err)
	}
}
