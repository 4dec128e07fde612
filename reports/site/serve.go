package site

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path"
	"strings"
	"time"

	"quorumbench/bench/result"
	"quorumbench/playground"
	"quorumbench/reports"
	"quorumbench/reports/page"
)

//go:embed static
var static embed.FS

var pages = template.Must(template.New("").Funcs(template.FuncMap{"escaped": escaped}).ParseFS(static, "static/*.html"))

// escaped makes a path of several folders fit into an address.
func escaped(name string) string {
	parts := strings.Split(name, "/")
	for i := range parts {
		parts[i] = url.PathEscape(parts[i])
	}
	return strings.Join(parts, "/")
}

// Site shows the results below a folder. Safe for use by several goroutines.
type Site struct {
	folder
	playground *os.Root // nil for none
}

// Open opens a folder with results and, unless its name is empty, one that the command playground has written. Close closes
// them.
func Open(folder, playground string) (*Site, error) {
	s := &Site{}
	var err error
	if s.root, err = os.OpenRoot(folder); err != nil {
		return nil, fmt.Errorf("opening the folder with results: %w", err)
	}
	if playground == "" {
		return s, nil
	}
	if s.playground, err = os.OpenRoot(playground); err == nil {
		_, err = s.playground.Stat("index.html")
	}
	if err != nil {
		s.Close()
		return nil, fmt.Errorf("opening the playground, a folder that quorumbench playground has written: %w", err)
	}
	return s, nil
}

// Close closes the folders.
func (s *Site) Close() {
	_ = s.root.Close()
	if s.playground != nil {
		_ = s.playground.Close()
	}
}

// Serve answers requests until ctx ends.
func (s *Site) Serve(ctx context.Context, listener net.Listener) error {
	return serve(ctx, listener, s.Handler())
}

func serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := newServer(handler)
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving: %w", err)
	}
	return nil
}

// Handler answers requests, unguarded: Serve refuses what comes from elsewhere.
func (s *Site) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/{$}", s.index)
	mux.HandleFunc("/compare", s.compare)
	mux.HandleFunc("/result/", s.file)
	mux.HandleFunc("/site.css", styles)
	if s.playground != nil {
		files := http.StripPrefix("/playground/", http.FileServerFS(s.playground.FS()))
		mux.HandleFunc("/playground/", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Security-Policy", playing)
			files.ServeHTTP(w, r)
		})
	}
	return mux
}

func styles(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	own, _ := static.ReadFile("static/site.css") // embedded
	_, _ = io.WriteString(w, playground.Part("style.css")+string(own))
}

// show sends a page, or says that it could not be made.
func show(w http.ResponseWriter, name string, content any) {
	var b bytes.Buffer
	if err := pages.ExecuteTemplate(&b, name, content); err != nil {
		http.Error(w, "making the page: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = b.WriteTo(w)
}

func (s *Site) index(w http.ResponseWriter, _ *http.Request) {
	all, err := s.list()
	if err != nil {
		http.Error(w, "listing results: "+err.Error(), http.StatusInternalServerError)
		return
	}
	show(w, "index.html", struct {
		Results    []about
		Playground bool
		Most       bool
	}{all, s.playground != nil, len(all) >= mostResults})
}

// compare shows two results side by side, as the command compare does.
func (s *Site) compare(w http.ResponseWriter, r *http.Request) {
	at := r.URL.Query()["of"]
	content := struct {
		Names          []string
		Text, Problem  string
		Forced, Differ bool
		Force          string
	}{Names: at, Forced: r.URL.Query().Get("force") == "yes"}
	if len(at) != 2 {
		content.Problem = fmt.Sprintf("found %d results; accepted: two", len(at))
	} else {
		var results []*result.Result
		var names []string
		for i, one := range at {
			found, err := s.result(one)
			if err != nil {
				content.Problem = one + ": " + err.Error()
				break
			}
			results, names = append(results, found), append(names, nameOf(at, i))
		}
		if content.Problem == "" {
			var b bytes.Buffer
			if err := reports.Compare(&b, results, names, reports.CompareOptions{Force: content.Forced}); err != nil {
				content.Problem = err.Error()
				content.Differ = !content.Forced
				content.Force = "/compare?" + url.Values{"of": at, "force": {"yes"}}.Encode()
			}
			content.Text = b.String()
		}
	}
	if content.Problem != "" {
		w.WriteHeader(http.StatusBadRequest)
	}
	show(w, "compare.html", content)
}

// nameOf is the last part of a path, or the path if others end alike.
func nameOf(paths []string, i int) string {
	name := path.Base(paths[i])
	for j := range paths {
		if j != i && path.Base(paths[j]) == name {
			return paths[i]
		}
	}
	return name
}

// file sends a file of a result. A result without a page has one made.
func (s *Site) file(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/result/")
	if !fs.ValidPath(name) {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Security-Policy", foreign)
	file, err := s.root.Open(name)
	if err != nil && path.Base(name) == page.File {
		s.makePage(w, r, path.Dir(name))
		return
	}
	if err != nil {
		http.NotFound(w, r)
		return
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		http.NotFound(w, r)
		return
	}
	if kind, found := kinds[path.Ext(name)]; found {
		w.Header().Set("Content-Type", kind)
	} else {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	}
	http.ServeContent(w, r, "", time.Time{}, file)
}

// kinds are the types of the files in result folders; others are sent as text.
var kinds = map[string]string{
	".html": "text/html; charset=utf-8", ".png": "image/png", ".json": "application/json", ".csv": "text/csv; charset=utf-8",
	".pdf": "application/pdf", ".svg": "image/svg+xml",
}

func (s *Site) makePage(w http.ResponseWriter, r *http.Request, at string) {
	found, err := s.result(at)
	if err != nil {
		if errors.Is(err, errOutside) {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = page.Write(w, found, s.writes(at)) // a browser that went away
}
