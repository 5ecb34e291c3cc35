// A driver for the AWS SDK for Go, version 2. The protocol is in docs/guide/drivers.md. The driver does not
// change the behavior of the SDK.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"reflect"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

type object = map[string]any

type request struct {
	Type            string          `json:"type"`
	Endpoint        string          `json:"endpoint"`
	Region          string          `json:"region"`
	AccessKeyID     string          `json:"access_key_id"`
	SecretAccessKey string          `json:"secret_access_key"`
	SessionToken    string          `json:"session_token"`
	Seq             uint64          `json:"seq"`
	Op              string          `json:"op"`
	Params          json.RawMessage `json:"params"`
	DeadlineMs      int64           `json:"deadline_ms"`
	Through         string          `json:"through"`
}

func client(to request) *iam.Client {
	return iam.New(iam.Options{
		BaseEndpoint: aws.String(to.Endpoint),
		Region:       to.Region,
		Credentials: credentials.NewStaticCredentialsProvider(
			to.AccessKeyID, to.SecretAccessKey, to.SessionToken),
	})
}

// plain converts a result to JSON: dates in UTC, blobs in base64, without empty members.
func plain(value reflect.Value) any {
	switch value.Kind() {
	case reflect.Pointer, reflect.Interface:
		if value.IsNil() {
			return nil
		}
		return plain(value.Elem())
	case reflect.Struct:
		if at, ok := value.Interface().(time.Time); ok {
			return at.UTC().Format(time.RFC3339Nano)
		}
		members := object{}
		for index := range value.NumField() {
			field := value.Type().Field(index)
			if !field.IsExported() || field.Name == "ResultMetadata" {
				continue
			}
			// A missing enumeration is an empty string; other strings are pointers.
			absent := field.Type.Kind() == reflect.String && value.Field(index).Len() == 0
			if it := plain(value.Field(index)); it != nil && !absent {
				members[field.Name] = it
			}
		}
		return members
	case reflect.Slice:
		if value.IsNil() {
			return nil
		}
		if value.Type().Elem().Kind() == reflect.Uint8 {
			return value.Bytes()
		}
		items := []any{}
		for index := range value.Len() {
			items = append(items, plain(value.Index(index)))
		}
		return items
	case reflect.Map:
		members := object{}
		for _, key := range value.MapKeys() {
			members[key.String()] = plain(value.MapIndex(key))
		}
		return members
	case reflect.String:
		return value.String()
	default:
		return value.Interface()
	}
}

func sdkError(kind string, err error) object {
	detail := strings.Join(strings.Fields(err.Error()), " ")
	return object{"sdk_error": object{"kind": kind, "detail": detail}}
}

func failed(err error) object {
	var refused smithy.APIError
	if errors.As(err, &refused) {
		status := 0
		var response *smithyhttp.ResponseError
		if errors.As(err, &response) {
			status = response.HTTPStatusCode()
		}
		return object{"aws_error": object{
			"http_status": status,
			"code":        refused.ErrorCode(),
			"message":     refused.ErrorMessage(),
			"exception":   fmt.Sprintf("%T", refused),
		}}
	}
	var invalid smithy.InvalidParamsError
	var unread *smithy.DeserializationError
	var response *smithyhttp.ResponseError
	var network net.Error
	switch {
	case errors.As(err, &invalid):
		return sdkError("validation", err)
	case errors.Is(err, context.DeadlineExceeded):
		return sdkError("timeout", err)
	case errors.As(err, &network) && network.Timeout():
		return sdkError("timeout", err)
	case errors.As(err, &response) && response.HTTPStatusCode() > 0:
		failure := sdkError("parse", err)
		failure["sdk_error"].(object)["http_status"] = response.HTTPStatusCode()
		return failure
	case errors.As(err, &unread):
		return sdkError("parse", err)
	default:
		return sdkError("transport", err)
	}
}

// through uses a paginator or waiter of the SDK. Each has its own type.
func through(within context.Context, sender *iam.Client, it request, input any) (object, error) {
	if it.Through == "waiter" {
		limit := time.Duration(it.DeadlineMs) * time.Millisecond
		return object{}, iam.NewUserExistsWaiter(sender).Wait(within, input.(*iam.GetUserInput), limit)
	}
	var pages any
	switch input := input.(type) {
	case *iam.ListUsersInput:
		pages = iam.NewListUsersPaginator(sender, input)
	case *iam.GetGroupInput:
		pages = iam.NewGetGroupPaginator(sender, input)
	case *iam.ListEntitiesForPolicyInput:
		pages = iam.NewListEntitiesForPolicyPaginator(sender, input)
	default:
		return nil, errors.New("the driver does not support a paginator of this operation")
	}
	joined := object{}
	more, next := reflect.ValueOf(pages).MethodByName("HasMorePages"), reflect.ValueOf(pages).MethodByName("NextPage")
	for more.Call(nil)[0].Bool() {
		results := next.Call([]reflect.Value{reflect.ValueOf(within)})
		if err, _ := results[1].Interface().(error); err != nil {
			return nil, err
		}
		for name, value := range plain(results[0]).(object) {
			if items, ok := value.([]any); ok {
				all, _ := joined[name].([]any)
				joined[name] = append(all, items...)
			}
		}
	}
	return joined, nil
}

func call(sender *iam.Client, it request) object {
	method := reflect.ValueOf(sender).MethodByName(it.Op)
	if !method.IsValid() {
		return object{"unsupported": object{"reason": "the client has no " + it.Op}}
	}
	input := reflect.New(method.Type().In(1).Elem())
	decoder := json.NewDecoder(strings.NewReader(string(it.Params)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(input.Interface()); err != nil {
		return sdkError("validation", err)
	}
	limit := time.Duration(it.DeadlineMs) * time.Millisecond
	within, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	if it.Through != "" {
		result, err := through(within, sender, it, input.Interface())
		if err != nil {
			return failed(err)
		}
		return object{"ok": object{"result": result}}
	}
	results := method.Call([]reflect.Value{reflect.ValueOf(within), input})
	if err, _ := results[1].Interface().(error); err != nil {
		return failed(err)
	}
	return object{"ok": object{"result": plain(results[0])}}
}

func version() string {
	info, _ := debug.ReadBuildInfo()
	for _, module := range info.Deps {
		if module.Path == "github.com/aws/aws-sdk-go-v2/service/iam" {
			return module.Version
		}
	}
	return "unknown"
}

func main() {
	var sender *iam.Client
	var writing sync.Mutex
	send := func(message object) {
		line, _ := json.Marshal(message)
		writing.Lock()
		defer writing.Unlock()
		fmt.Println(string(line))
	}
	lines := bufio.NewReader(os.Stdin)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		var it request
		if err := json.Unmarshal(line, &it); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		switch it.Type {
		case "hello":
			send(object{"type": "hello", "protocol": 1, "driver": "iamspec-go",
				"sdk": "aws-sdk-go-v2/service/iam", "version": version(),
				"language": runtime.Version(), "ops": []string{},
				"through": []string{"paginator", "waiter"}})
		case "session":
			sender = client(it)
			send(object{"type": "session"})
		case "call":
			client := sender
			go func() {
				send(object{"type": "answer", "seq": it.Seq, "outcome": call(client, it)})
			}()
		case "stop":
			return
		}
	}
}
