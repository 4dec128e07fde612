package cli

import "testing"

func TestAnnotationsAreEscapedAsGitHubWantsIt(t *testing.T) {
	if got, want := githubText("5 % slower:\nraft"), "5 %25 slower:%0Araft"; got != want {
		t.Errorf("text: got %q, want %q", got, want)
	}
	if got, want := githubProperty("c:a,b"), "c%3Aa%2Cb"; got != want {
		t.Errorf("property: got %q, want %q", got, want)
	}
}
