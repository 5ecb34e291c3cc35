// Starts the reference endpoint for the tests of this package, and stops it at the end.
package iam

import (
	"bufio"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
)

var endpoint string

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
	endpoint = strings.TrimSpace(line)
	code := m.Run()
	server.Process.Kill()
	server.Wait()
	os.Exit(code)
}

func TestUserIsCreatedOnce(t *testing.T) {
	for _, expected := range []int{200, 409} {
		form := url.Values{"Action": {"CreateUser"}, "Version": {"2010-05-08"}, "UserName": {"alice"}}
		response, err := http.PostForm(endpoint, form)
		if err != nil || response.StatusCode != expected {
			t.Fatalf("expected %d, got %v, %v", expected, response, err)
		}
	}
}
