// Command protogen compiles .proto files of this module to Go, so that `go generate` needs
// nothing but Go: the compiler is the protocompile library; the code generators are protoc-gen-go
// and protoc-gen-go-vtproto, which adds methods that encode and decode without reflection, run as
// the tools that go.mod pins. Usage, from any folder of the module:
//
//	go run quorumbench/protocols/protogen [-borrow] [-reuse Entry,AppendEntries] protocols/raft/raft.proto
//
// Paths are relative to the module's root, as they are in import statements. In another module, the files of
// this one can be imported under their paths here, and go.mod has the three programs as tools:
//
//	go get -tool quorumbench/protocols/protogen
//	go get -tool google.golang.org/protobuf/cmd/protoc-gen-go
//	go get -tool github.com/planetscale/vtprotobuf/cmd/protoc-gen-go-vtproto
//	go tool protogen mydriver/mydriver.proto
//
// With -borrow, messages also have a method that decodes without copying: fields are parts of what was
// decoded. With -reuse, the messages of these names have a method ResetVT, which empties a message and keeps its
// memory, and decoding into it uses that memory again.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/bufbuild/protocompile"
	"github.com/bufbuild/protocompile/protoutil"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/pluginpb"
)

func main() {
	borrow := flag.Bool("borrow", false, "messages can be decoded without copying")
	reuse := flag.String("reuse", "", "names of messages, separated by commas, whose memory can be used again")
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "usage: protogen [-borrow] [-reuse MESSAGE,…] FILE.proto… (paths relative to the module's root)")
	}
	if flag.Parse(); flag.NArg() == 0 {
		flag.Usage()
		os.Exit(2)
	}
	features := "features=marshal+unmarshal+size"
	if *borrow {
		features += "+unmarshal_unsafe"
	}
	var reused []string
	if *reuse != "" {
		features += "+pool"
		reused = strings.Split(*reuse, ",")
	}
	if err := generate(flag.Args(), features, reused); err != nil {
		fmt.Fprintln(os.Stderr, "protogen:", err)
		os.Exit(1)
	}
}

// generate compiles files with the given features of protoc-gen-go-vtproto. The memory of the reused messages, by
// name, can be used again.
func generate(files []string, features string, reused []string) error {
	gomod, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return fmt.Errorf("finding the module's root: %w", err)
	}
	root := filepath.Dir(strings.TrimSpace(string(gomod)))
	ours, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "quorumbench").Output()
	if err != nil {
		return fmt.Errorf("finding quorumbench's .proto files: %w", err)
	}

	compiler := protocompile.Compiler{
		Resolver:       &protocompile.SourceResolver{ImportPaths: []string{root, strings.TrimSpace(string(ours))}},
		SourceInfoMode: protocompile.SourceInfoStandard, // comments go into the generated code
	}
	compiled, err := compiler.Compile(context.Background(), files...)
	if err != nil {
		return err
	}
	request := &pluginpb.CodeGeneratorRequest{FileToGenerate: files}
	seen := map[string]bool{}
	var add func(protoreflect.FileDescriptor)
	add = func(fd protoreflect.FileDescriptor) { // dependencies first, as the plugin protocol asks
		if seen[fd.Path()] {
			return
		}
		seen[fd.Path()] = true
		for i := range fd.Imports().Len() {
			add(fd.Imports().Get(i).FileDescriptor)
		}
		request.ProtoFile = append(request.ProtoFile, proto.Clone(protoutil.ProtoFromFileDescriptor(fd)).(*descriptorpb.FileDescriptorProto))
	}
	for _, fd := range compiled {
		add(fd)
		options, _ := fd.Options().(*descriptorpb.FileOptions)
		for _, name := range reused {
			features += ",pool=" + options.GetGoPackage() + "." + name
		}
	}
	for _, plugin := range []struct{ name, parameter string }{
		{"protoc-gen-go", "paths=source_relative"},
		{"protoc-gen-go-vtproto", "paths=source_relative," + features},
	} {
		request.Parameter = &plugin.parameter
		if err := run(plugin.name, root, request); err != nil {
			return fmt.Errorf("running %s: %w", plugin.name, err)
		}
	}
	return nil
}

// run has a plugin write the files it makes of a request, below root.
func run(plugin, root string, request *pluginpb.CodeGeneratorRequest) error {
	input, err := proto.Marshal(request)
	if err != nil {
		return err
	}
	tool := exec.Command("go", "tool", plugin)
	tool.Dir, tool.Stdin, tool.Stderr = root, bytes.NewReader(input), os.Stderr
	output, err := tool.Output()
	if err != nil {
		return err
	}
	var response pluginpb.CodeGeneratorResponse
	if err := proto.Unmarshal(output, &response); err != nil {
		return fmt.Errorf("reading what it wrote: %w", err)
	}
	if response.Error != nil {
		return errors.New(response.GetError())
	}
	for _, f := range response.File {
		if err := os.WriteFile(filepath.Join(root, f.GetName()), []byte(f.GetContent()), 0o644); err != nil {
			return err
		}
	}
	return nil
}
