// A proxy between a client and an IAM endpoint that loses, delays and damages responses.
//
// It shares no code with the product. It prints its URL, and one line of JSON with its counts when
// stdin ends. The choice of each fault depends on the seed and on the number of the request only.
//
//	proxy -to http://127.0.0.1:4580 -seed 7 -chance 0.1 -faults lose-after,throttle,truncate
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

// A fault handles one request. forward sends it to the endpoint.
type fault func(connection net.Conn, forward func() *reply) (keepAlive bool)

type reply struct {
	status      string
	contentType string
	body        []byte
}

func (it *reply) write(out io.Writer, length int, connection string) {
	fmt.Fprintf(out, "HTTP/1.1 %s\r\ncontent-type: %s\r\ncontent-length: %d\r\nconnection: %s\r\n\r\n", it.status, it.contentType, length, connection)
	out.Write(it.body)
}

func (it *reply) send(out io.Writer) { it.write(out, len(it.body), "keep-alive") }

func errorReply(status, code, message string) *reply {
	body := "<ErrorResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><Error><Type>Sender</Type><Code>" + code + "</Code><Message>" + message + "</Message></Error><RequestId>0</RequestId></ErrorResponse>"
	return &reply{status, "text/xml", []byte(body)}
}

func reset(connection net.Conn) {
	if tcp, ok := connection.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	connection.Close()
}

var html = &reply{"502 Bad Gateway", "text/html", []byte("<html><body>502 Bad Gateway</body></html>")}

var faults = map[string]fault{
	// The request never reaches the endpoint.
	"lose-before":  func(c net.Conn, _ func() *reply) bool { return false },
	"reset-before": func(c net.Conn, _ func() *reply) bool { reset(c); return false },
	// The request takes effect, and the response is lost.
	"lose-after":  func(c net.Conn, f func() *reply) bool { f(); return false },
	"reset-after": func(c net.Conn, f func() *reply) bool { f(); reset(c); return false },
	// The client sees the end of the connection first, and the request takes effect later.
	"late-effect": func(c net.Conn, f func() *reply) bool {
		c.Close()
		time.Sleep(30 * time.Millisecond)
		f()
		return false
	},
	// AWS's throttling, before anything happens.
	"throttle": func(c net.Conn, _ func() *reply) bool {
		errorReply("400 Bad Request", "Throttling", "Rate exceeded").send(c)
		return true
	},
	"error-500": func(c net.Conn, _ func() *reply) bool {
		errorReply("500 Internal Server Error", "ServiceFailure", "failed").send(c)
		return true
	},
	"error-500-after": func(c net.Conn, f func() *reply) bool {
		f()
		errorReply("500 Internal Server Error", "ServiceFailure", "failed").send(c)
		return true
	},
	"error-503": func(c net.Conn, _ func() *reply) bool {
		(&reply{"503 Service Unavailable", "text/plain", []byte("unavailable")}).send(c)
		return true
	},
	"gateway":       func(c net.Conn, _ func() *reply) bool { html.send(c); return true },
	"gateway-after": func(c net.Conn, f func() *reply) bool { f(); html.send(c); return true },
	"delay": func(c net.Conn, f func() *reply) bool {
		answer := f()
		time.Sleep(20 * time.Millisecond)
		answer.send(c)
		return true
	},
	// Half a body with the length of the whole one.
	"truncate": func(c net.Conn, f func() *reply) bool {
		answer := f()
		half := *answer
		half.body = answer.body[:len(answer.body)/2]
		half.write(c, len(answer.body), "keep-alive")
		return false
	},
	// Half a body with its own length.
	"cut": func(c net.Conn, f func() *reply) bool {
		answer := *f()
		answer.body = answer.body[:len(answer.body)/2]
		answer.send(c)
		return true
	},
	// The document twice in one body.
	"twice": func(c net.Conn, f func() *reply) bool {
		answer := *f()
		answer.body = bytes.Repeat(answer.body, 2)
		answer.send(c)
		return true
	},
	// A second response that belongs to no request, in the same write.
	"extra": func(c net.Conn, f func() *reply) bool {
		answer := f()
		var both bytes.Buffer
		answer.send(&both)
		answer.send(&both)
		c.Write(both.Bytes())
		return false
	},
	// The connection ends although the response says that it stays open.
	"close": func(c net.Conn, f func() *reply) bool { f().send(c); return false },
	// The status line alone.
	"head": func(c net.Conn, f func() *reply) bool { f(); io.WriteString(c, "HTTP/1.1 200 OK\r\n"); return false },
}

type proxy struct {
	to      string
	names   []string
	chance  float64
	lock    sync.Mutex
	random  *rand.Rand
	counts  map[string]int
	pending sync.WaitGroup
}

// choose returns the fault of the next request, or an empty name.
func (it *proxy) choose() string {
	it.lock.Lock()
	defer it.lock.Unlock()
	it.counts["requests"]++
	due, index := it.random.Float64() < it.chance, it.random.Intn(len(it.names))
	if !due {
		return ""
	}
	it.counts[it.names[index]]++
	return it.names[index]
}

func (it *proxy) forward(request *http.Request, body []byte) *reply {
	outgoing, err := http.NewRequest(request.Method, it.to+request.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		return html
	}
	outgoing.Header = request.Header.Clone()
	outgoing.Host = request.Host
	response, err := http.DefaultClient.Do(outgoing)
	if err != nil {
		return html
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return html
	}
	return &reply{response.Status, response.Header.Get("content-type"), answer}
}

func (it *proxy) serve(connection net.Conn) {
	defer connection.Close()
	reader := bufio.NewReader(connection)
	for {
		request, err := http.ReadRequest(reader)
		if err != nil {
			return
		}
		body, err := io.ReadAll(request.Body)
		if err != nil {
			return
		}
		it.pending.Add(1)
		forward := func() *reply { return it.forward(request, body) }
		apply := faults[it.choose()]
		keep := true
		if apply == nil {
			forward().send(connection)
		} else {
			keep = apply(connection, forward)
		}
		it.pending.Done()
		if !keep {
			return
		}
	}
}

func main() {
	to := flag.String("to", "", "URL of the endpoint")
	seed := flag.Int64("seed", 1, "seed of the faults")
	chance := flag.Float64("chance", 0.05, "how many requests get a fault")
	names := flag.String("faults", "", "the faults, separated by commas; `list` prints them")
	flag.Parse()
	if *names == "list" {
		for name := range faults {
			fmt.Println(name)
		}
		return
	}
	it := &proxy{to: *to, names: strings.Split(*names, ","), chance: *chance, random: rand.New(rand.NewSource(*seed)), counts: map[string]int{}}
	for _, name := range it.names {
		if faults[name] == nil {
			fmt.Fprintf(os.Stderr, "there is no fault %q; -faults list prints them\n", name)
			os.Exit(2)
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	fmt.Printf("http://%s\n", listener.Addr())
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go it.serve(connection)
		}
	}()
	io.Copy(io.Discard, os.Stdin)
	listener.Close()
	it.pending.Wait()
	it.lock.Lock()
	defer it.lock.Unlock()
	json.NewEncoder(os.Stdout).Encode(it.counts)
}
