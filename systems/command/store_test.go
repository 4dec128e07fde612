package command_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
)

// storeName is the first argument of this test's program as a node of a store. Its own address, that of the leader, and those of the
// others, with commas between them, follow.
const storeName = "serve-store"

// store is a node of a key-value store. The leader has the data; when it has sent a write to the others and one of them has answered, the
// write is done. The others pass commands on to the leader.
type store struct {
	leader string // its address; empty in the leader
	others []string

	mu   sync.Mutex
	data map[string][]byte
}

const storePort = ":8080"

// serveStore serves until it fails.
func serveStore(arguments []string) error {
	if len(arguments) != 3 {
		return errors.New("the store takes an address, the leader's, and those of the others")
	}
	s := &store{others: strings.Split(arguments[2], ","), data: map[string][]byte{}}
	if arguments[1] != arguments[0] {
		s.leader = arguments[1]
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /keys/{key}", s.get)
	mux.HandleFunc("PUT /keys/{key}", s.put)
	mux.HandleFunc("PUT /copy", func(http.ResponseWriter, *http.Request) {})
	return http.ListenAndServe(arguments[0]+storePort, mux)
}

func (s *store) get(w http.ResponseWriter, r *http.Request) {
	if s.leader != "" {
		s.pass(w, r, nil)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	value, found := s.data[r.PathValue("key")]
	if !found {
		http.NotFound(w, r)
		return
	}
	_, _ = w.Write(value) // a client that has gone needs no answer
}

func (s *store) put(w http.ResponseWriter, r *http.Request) {
	value, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	if s.leader != "" {
		s.pass(w, r, value)
		return
	}
	copied := make(chan error, len(s.others))
	for _, other := range s.others {
		go func() { copied <- ask(http.MethodPut, "http://"+other+storePort+"/copy", value, io.Discard, nil) }()
	}
	if err := <-copied; err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.data[r.PathValue("key")] = value
}

// pass passes a command on to the leader, and the answer back.
func (s *store) pass(w http.ResponseWriter, r *http.Request, value []byte) {
	if err := ask(r.Method, "http://"+s.leader+storePort+r.URL.Path, value, w, w.WriteHeader); err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
	}
}

// ask makes a request, and passes the answer on.
func ask(method, url string, body []byte, to io.Writer, status func(int)) error {
	request, err := http.NewRequest(method, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if status != nil {
		status(answer.StatusCode)
	}
	_, err = io.Copy(to, answer.Body)
	return err
}
