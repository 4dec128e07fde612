package image_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"debug/elf"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"quorumbench/deploy/image"
)

// program writes what looks like a program for Linux to those who read its header: for a machine, with the kinds of segments given.
func program(t *testing.T, machine elf.Machine, segments ...elf.ProgType) string {
	t.Helper()
	var out bytes.Buffer
	h := elf.Header64{
		Ident: [elf.EI_NIDENT]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)},
		Type:  uint16(elf.ET_EXEC), Machine: uint16(machine), Version: uint32(elf.EV_CURRENT), Ehsize: 64, Phoff: 64, Phentsize: 56, Phnum: uint16(len(segments)),
	}
	if err := binary.Write(&out, binary.LittleEndian, h); err != nil {
		t.Fatal(err)
	}
	for _, s := range segments {
		if err := binary.Write(&out, binary.LittleEndian, elf.Prog64{Type: uint32(s)}); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(t.TempDir(), machine.String())
	if err := os.WriteFile(file, out.Bytes(), 0o755); err != nil {
		t.Fatal(err)
	}
	return file
}

func read(t *testing.T, files ...string) (all []*image.Binary) {
	t.Helper()
	for _, file := range files {
		b, err := image.Read(file)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b)
	}
	return all
}

func write(t *testing.T, tag string, programs []*image.Binary) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := image.Write(&out, tag, programs); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// unpack returns the files of a tar archive, and how they are described.
func unpack(t *testing.T, r io.Reader) (files map[string][]byte, headers map[string]*tar.Header) {
	t.Helper()
	files, headers = map[string][]byte{}, map[string]*tar.Header{}
	for archive := tar.NewReader(r); ; {
		h, err := archive.Next()
		if err == io.EOF {
			return files, headers
		}
		if err != nil {
			t.Fatal(err)
		}
		if files[h.Name], err = io.ReadAll(archive); err != nil {
			t.Fatal(err)
		}
		headers[h.Name] = h
	}
}

// A descriptor names a blob, in the index of an archive, in that of several architectures, and in a manifest.
type descriptor struct {
	MediaType, Digest string
	Annotations       map[string]string
	Platform          struct{ OS, Architecture string }
}

type index struct{ Manifests []descriptor }

func TestAnImageHasTheProgramOfEachArchitectureAndNothingElse(t *testing.T) {
	amd64, arm64 := program(t, elf.EM_X86_64, elf.PT_LOAD), program(t, elf.EM_AARCH64)
	archive := write(t, "quorumbench:1", read(t, arm64, amd64))
	if !bytes.Equal(archive, write(t, "quorumbench:1", read(t, amd64, arm64))) {
		t.Error("the same programs gave two archives")
	}
	blobs, _ := unpack(t, bytes.NewReader(archive))
	decode := func(name string, into any) {
		t.Helper()
		if err := json.Unmarshal(blobs[name], into); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	blob := func(d descriptor) string { return "blobs/" + strings.Replace(d.Digest, ":", "/", 1) }
	var top, all index
	decode("index.json", &top)
	if len(top.Manifests) != 1 || top.Manifests[0].Annotations["io.containerd.image.name"] != "docker.io/library/quorumbench:1" || top.Manifests[0].Annotations["org.opencontainers.image.ref.name"] != "quorumbench:1" {
		t.Fatalf("found %+v", top)
	}
	decode(blob(top.Manifests[0]), &all)
	if len(all.Manifests) != 2 {
		t.Fatalf("found %+v", all)
	}
	for i, file := range []string{amd64, arm64} {
		var manifest struct {
			Config descriptor
			Layers []descriptor
		}
		decode(blob(all.Manifests[i]), &manifest)
		var config struct {
			OS, Architecture string
			Config           struct {
				User, WorkingDir string
				Entrypoint       []string
			}
		}
		decode(blob(manifest.Config), &config)
		if got, want := fmt.Sprintf("%s/%s %v %s %s", config.OS, config.Architecture, config.Config.Entrypoint, config.Config.User, config.Config.WorkingDir),
			fmt.Sprintf("linux/%s [/quorumbench] 65532:65532 /data", []string{"amd64", "arm64"}[i]); got != want || all.Manifests[i].Platform.Architecture != config.Architecture {
			t.Errorf("found %s; want %s", got, want)
		}
		if len(manifest.Layers) != 1 {
			t.Fatalf("found %d layers; want one", len(manifest.Layers))
		}
		layer, err := gzip.NewReader(bytes.NewReader(blobs[blob(manifest.Layers[0])]))
		if err != nil {
			t.Fatal(err)
		}
		files, headers := unpack(t, layer)
		want, err := os.ReadFile(file)
		if err != nil || !bytes.Equal(files["quorumbench"], want) || len(files) != 3 || headers["quorumbench"].Mode != 0o555 || headers["data/"].Uid != image.UserID {
			t.Errorf("%s: found %v, %v", file, headers, err)
		}
	}
}

func TestAnImageOfOneArchitectureIsOneManifest(t *testing.T) {
	blobs, _ := unpack(t, bytes.NewReader(write(t, "registry.example/a/q", read(t, program(t, elf.EM_X86_64, elf.PT_LOAD)))))
	var top index
	if err := json.Unmarshal(blobs["index.json"], &top); err != nil {
		t.Fatal(err)
	}
	if len(top.Manifests) != 1 || !strings.Contains(top.Manifests[0].MediaType, "manifest") || top.Manifests[0].Annotations["io.containerd.image.name"] != "registry.example/a/q:latest" {
		t.Errorf("found %+v", top)
	}
}

func TestWhatIsNoProgramForLinuxIsRefused(t *testing.T) {
	text := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, []byte("hello"), 0o644); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{
		text: "no program for Linux", program(t, elf.EM_RISCV): "a file for EM_RISCV", program(t, elf.EM_X86_64, elf.PT_LOAD, elf.PT_INTERP): "needs the libraries of a system",
		"nothing": "no such file",
	} {
		if _, err := image.Read(file); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: found %v; want %s", file, err, want)
		}
	}
	amd64 := read(t, program(t, elf.EM_X86_64, elf.PT_LOAD))
	for _, c := range []struct {
		tag, want string
		programs  []*image.Binary
	}{
		{"Q", "found the name", amd64}, {"q:", "found the name", amd64}, {"-q", "found the name", amd64}, {"q", "two programs for amd64", append(amd64, amd64...)},
	} {
		var out bytes.Buffer
		if err := image.Write(&out, c.tag, c.programs); err == nil || !strings.Contains(err.Error(), c.want) || out.Len() > 0 {
			t.Errorf("%s: found %v and %d bytes; want %s", c.tag, err, out.Len(), c.want)
		}
	}
}
