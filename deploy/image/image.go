// Package image makes an image for containers, with quorumbench and nothing else in it, as an archive in the layout of the Open
// Container Initiative (OCI). The same programs give the same bytes.
package image

import (
	"archive/tar"
	"bytes"
	"debug/buildinfo"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// What is in the image, and who runs it. The user has no name and no home; it owns the folder in which results are put if
// nothing is mounted there.
const (
	Program = "/quorumbench"
	Work    = "/data"
	UserID  = 65532
)

// Binary is a program for one architecture.
type Binary struct {
	Arch   string // as Go calls it: amd64 or arm64
	Data   []byte
	module string // package and revision, where they are known
}

var architectures = map[elf.Machine]string{elf.EM_X86_64: "amd64", elf.EM_AARCH64: "arm64"}

// Read reads a program. It returns an error for one that is not a static program for Linux on amd64 or arm64.
func Read(file string) (*Binary, error) {
	const accepted = "accepted: a program for Linux on amd64 or arm64, made by CGO_ENABLED=0 GOOS=linux GOARCH=amd64 go build -trimpath ./cmd/quorumbench"
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading a program: %w", err)
	}
	parsed, err := elf.NewFile(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("found in %s no program for Linux; %s", file, accepted)
	}
	b := &Binary{Arch: architectures[parsed.Machine], Data: data}
	switch {
	case b.Arch == "" || parsed.Type != elf.ET_EXEC && parsed.Type != elf.ET_DYN:
		return nil, fmt.Errorf("found in %s a file for %v; %s", file, parsed.Machine, accepted)
	case slices.ContainsFunc(parsed.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP }):
		return nil, fmt.Errorf("found in %s a program that needs the libraries of a system, and the image has none; %s", file, accepted)
	}
	if info, err := buildinfo.Read(bytes.NewReader(data)); err == nil {
		b.module = info.Path
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" || s.Key == "vcs.modified" {
				b.module += " " + s.Value
			}
		}
	}
	return b, nil
}

var tagPattern = regexp.MustCompile(`^[a-z0-9]+([._-]+[a-z0-9]+)*(:[0-9]+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*(:[A-Za-z0-9_][-A-Za-z0-9_.]{0,127})?$`)

// Write writes the archive of an image with one program or one for each of several architectures. Tag is what the image is called, such as
// quorumbench:1. Programs must be of the same commit, each of an architecture of its own.
func Write(w io.Writer, tag string, programs []*Binary) error {
	if !tagPattern.MatchString(tag) {
		return fmt.Errorf("found the name %q; accepted: one of an image, in small letters, such as quorumbench:1 or registry.example/quorumbench:1", tag)
	}
	if !strings.Contains(path.Base(tag), ":") {
		tag += ":latest"
	}
	programs = slices.SortedFunc(slices.Values(programs), func(a, b *Binary) int { return strings.Compare(a.Arch, b.Arch) })
	for i, b := range programs[1:] {
		switch {
		case b.Arch == programs[i].Arch:
			return fmt.Errorf("found two programs for %s; accepted: one", b.Arch)
		case b.module != programs[i].module:
			return fmt.Errorf("found programs of %q and %q; accepted: of the same commit", programs[i].module, b.module)
		}
	}
	images := make([]v1.Image, len(programs))
	for i, b := range programs {
		var err error
		if images[i], err = imageOf(b); err != nil {
			return fmt.Errorf("making the image for %s: %w", b.Arch, err)
		}
	}
	annotations := map[string]string{"org.opencontainers.image.ref.name": tag, "io.containerd.image.name": fullName(tag)}
	folder, err := os.MkdirTemp("", "quorumbench-image-")
	if err != nil {
		return fmt.Errorf("making an image: %w", err)
	}
	defer os.RemoveAll(folder)
	index, err := layout.Write(folder, mutate.IndexMediaType(empty.Index, types.OCIImageIndex))
	if err == nil && len(images) == 1 {
		err = index.AppendImage(images[0], layout.WithAnnotations(annotations), layout.WithPlatform(platform(programs[0])))
	} else if err == nil {
		all := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
		for i, one := range images {
			p := platform(programs[i])
			all = mutate.AppendManifests(all, mutate.IndexAddendum{Add: one, Descriptor: v1.Descriptor{Platform: &p}})
		}
		err = index.AppendIndex(all, layout.WithAnnotations(annotations))
	}
	if err != nil {
		return fmt.Errorf("making an image: %w", err)
	}
	return archive(w, folder)
}

// archive writes the files of a folder in the order of their names.
func archive(w io.Writer, folder string) error {
	files := os.DirFS(folder)
	out := tar.NewWriter(w)
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		if err := out.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: int64(len(data)), ModTime: noTime}); err != nil {
			return err
		}
		_, err = out.Write(data)
		return err
	})
	if err := errors.Join(err, out.Close()); err != nil {
		return fmt.Errorf("writing an image: %w", err)
	}
	return nil
}

func platform(b *Binary) v1.Platform { return v1.Platform{OS: "linux", Architecture: b.Arch} }

// fullName is the name of an image with what is meant where it names no registry.
func fullName(tag string) string {
	first, _, found := strings.Cut(tag, "/")
	switch {
	case !found:
		return "docker.io/library/" + tag
	case !strings.ContainsAny(first, ".:") && first != "localhost":
		return "docker.io/" + tag
	}
	return tag
}

// imageOf is an image of one program.
func imageOf(b *Binary) (v1.Image, error) {
	files, err := layerOf(b)
	if err != nil {
		return nil, err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(files)), nil }, tarball.WithMediaType(types.OCILayer))
	if err != nil {
		return nil, err
	}
	image, err := mutate.AppendLayers(mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON), layer)
	if err != nil {
		return nil, err
	}
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", b.Arch
	config.Config = v1.Config{
		Entrypoint: []string{Program}, User: fmt.Sprintf("%d:%[1]d", UserID), WorkingDir: Work,
		Labels: map[string]string{"org.opencontainers.image.title": "quorumbench"},
	}
	return mutate.ConfigFile(image, config)
}

// noTime is when everything in an image was made, so that the same programs give the same bytes.
var noTime = time.Unix(0, 0)

// layerOf is the only layer: the program, and folders for results and for temporary files.
func layerOf(b *Binary) ([]byte, error) {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, h := range []tar.Header{
		{Typeflag: tar.TypeReg, Name: strings.TrimPrefix(Program, "/"), Mode: 0o555, Size: int64(len(b.Data))},
		{Typeflag: tar.TypeDir, Name: "tmp/", Mode: 0o1777},
		{Typeflag: tar.TypeDir, Name: strings.TrimPrefix(Work, "/") + "/", Mode: 0o755, Uid: UserID, Gid: UserID},
	} {
		h.ModTime = noTime
		if err := w.WriteHeader(&h); err != nil {
			return nil, err
		}
		if h.Typeflag == tar.TypeReg {
			if _, err := w.Write(b.Data); err != nil {
				return nil, err
			}
		}
	}
	return out.Bytes(), w.Close()
}
