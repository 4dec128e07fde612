package portable

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"testing"
)

// near fails the test unless two numbers differ by at most so many units in the last place.
func near(t *testing.T, what string, x, got, want float64, ulps int64) {
	t.Helper()
	if d := int64(math.Float64bits(got)) - int64(math.Float64bits(want)); d < -ulps || d > ulps {
		t.Fatalf("%s(%v) = %v, package math says %v: %d units in the last place apart, want at most %d", what, x, got, want, d, ulps)
	}
}

func TestFunctionsAgreeWithPackageMath(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 200_000 {
		x := math.Ldexp(random.Float64(), random.IntN(80)-40)
		near(t, "Log", x, Log(x), math.Log(x), 1)
		y := 1400*random.Float64() - 700
		near(t, "Exp", y, Exp(y), math.Exp(y), 2) // each is within 1 of the truth
		p := random.Float64()
		if want := math.Sqrt2 * math.Erfinv(2*p-1); math.Abs(Normal(p)-want) > 1e-14*math.Abs(want) {
			t.Fatalf("Normal(%v) = %v, want %v", p, Normal(p), want)
		}
	}
	for _, x := range []float64{0, -1, math.Inf(1), math.NaN()} {
		if got, want := Log(x), math.Log(x); got != want && !math.IsNaN(want) || math.IsNaN(got) != math.IsNaN(want) {
			t.Errorf("Log(%v) = %v, want %v", x, got, want)
		}
	}
	for _, x := range []float64{0, 1e-10, -1e-10, 710, -746, math.Inf(1), math.Inf(-1), math.NaN()} {
		if got, want := Exp(x), math.Exp(x); got != want && !math.IsNaN(want) || math.IsNaN(got) != math.IsNaN(want) {
			t.Errorf("Exp(%v) = %v, want %v", x, got, want)
		}
	}
}

// A generator draws what it drew with the distributions of math/rand/v2, so that older results can be repeated.
func TestDistributionsAreThoseOfRand(t *testing.T) {
	one, other := rand.New(rand.NewPCG(3, 4)), rand.New(rand.NewPCG(3, 4))
	for i := range 2_000_000 {
		if got, want := Exponential(one), other.ExpFloat64(); math.Abs(got-want) > 1e-14*want {
			t.Fatalf("draw %d: Exponential gave %v, rand %v", i, got, want)
		}
	}
	for _, exponent := range []float64{1.01, 1.5, 3} {
		z, want := NewZipf(one, exponent, 99_999), rand.NewZipf(other, exponent, 1, 99_999)
		for i := range 200_000 {
			if a, b := z.Uint64(), want.Uint64(); a != b {
				t.Fatalf("exponent %v, draw %d: Zipf gave %d, rand %d", exponent, i, a, b)
			}
		}
	}
}

// The hash of many values is the same on every processor and in a browser: it was computed on amd64. .ci/wasm runs this
// test with GOARCH=wasm, too.
func TestBitsAreTheSameOnEveryProcessor(t *testing.T) {
	h := fnv.New64a()
	add := func(x float64) {
		var b [8]byte
		binary.LittleEndian.PutUint64(b[:], math.Float64bits(x))
		h.Write(b[:])
	}
	random := rand.New(rand.NewPCG(5, 6))
	z := NewZipf(random, 1.01, 99_999)
	for range 100_000 {
		add(Log(random.Float64()))
		add(Exp(100*random.Float64() - 50))
		add(Normal(random.Float64()))
		add(Exponential(random))
		add(float64(z.Uint64()))
	}
	for _, layer := range ziggurat.inside {
		add(float64(layer))
	}
	if got, want := fmt.Sprintf("%x", h.Sum64()), "71ddbdff32612afe"; got != want {
		t.Errorf("the values have the hash %s, want %s", got, want)
	}
}
