package portable

import (
	"math"
	"math/rand/v2"
)

// Zipf draws numbers k from 0 to a greatest, each in proportion to (1+k)^-exponent, as rand.Zipf does: by rejection from
// the inverse of a function above the distribution (Hörmann and Derflinger, 1996). Not safe for use by several goroutines.
type Zipf struct {
	random            *rand.Rand
	exponent          float64
	least, span, sure float64
}

// nearOne is how far an exponent may be from 1 to be taken for 1, where the integral of x^-exponent is a logarithm.
const nearOne = 1e-9

// NewZipf returns a distribution with an exponent above 0. Up to 1 it is a distribution only because there is a greatest number.
func NewZipf(random *rand.Rand, exponent float64, greatest uint64) *Zipf {
	z := &Zipf{random: random, exponent: exponent}
	z.least = z.above(float64(greatest) + 0.5)
	z.span = z.above(0.5) - 1 - z.least
	z.sure = 1 - z.inverse(z.above(1.5)-Exp(-float64(exponent*Log(2))))
	return z
}

// above is an integral of the function above the distribution, at x.
func (z *Zipf) above(x float64) float64 {
	rest := 1 - z.exponent
	if math.Abs(rest) < nearOne {
		return Log(1 + x)
	}
	return Exp(float64(rest*Log(1+x))) * (1 / rest)
}

// inverse is the inverse of above.
func (z *Zipf) inverse(y float64) float64 {
	rest := 1 - z.exponent
	if math.Abs(rest) < nearOne {
		return Exp(y) - 1
	}
	return Exp(float64((1/rest)*Log(float64(rest*y)))) - 1
}

// Uint64 draws a number.
func (z *Zipf) Uint64() uint64 {
	for {
		y := z.least + float64(z.random.Float64()*z.span)
		x := z.inverse(y)
		k := math.Floor(x + 0.5)
		if k-x <= z.sure || y >= float64(z.above(k+0.5))-Exp(float64(-Log(k+1)*z.exponent)) {
			return uint64(k)
		}
	}
}
