package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
)

// A recorder sends requests and prints each one with the status of its response.
type recorder struct {
	transport http.RoundTripper
	// The status of the last response.
	last int
	// The number of requests, and of those that the server throttled.
	requests, throttled int
}

func (it *recorder) Do(request *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	request.Body = io.NopCloser(strings.NewReader(string(body)))
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, err
	}
	response, err := it.transport.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	it.requests++
	it.last = response.StatusCode
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	response.Body = io.NopCloser(strings.NewReader(string(answer)))
	code := between(string(answer), "<Code>", "</Code>")
	if code == "Throttling" {
		it.throttled++
	}
	fmt.Println(strings.TrimRight(fmt.Sprintf("  %-32s %d %s", form.Get("Action"), response.StatusCode, code), " "))
	return response, nil
}

func between(text, before, after string) string {
	_, rest, _ := strings.Cut(text, before)
	found, _, _ := strings.Cut(rest, after)
	return found
}

// call fails the program if the last response has another status than the expected one.
func (it *recorder) call(expected int, err error) {
	status := it.last
	if err == nil {
		status = http.StatusOK
	}
	if status != expected {
		fail("expected status %d, got %d: %v", expected, status, err)
	}
}

func fail(format string, values ...any) {
	fmt.Fprintf(os.Stderr, "terraform: "+format+"\n", values...)
	os.Exit(1)
}

// equal fails the program if a value is not the expected one.
func equal[T comparable](what string, got, expected T) {
	if got != expected {
		fail("%s: expected %v, got %v", what, expected, got)
	}
}
