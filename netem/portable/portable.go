// Package portable has the functions and distributions by which a seed decides what happens in a run. They give the same
// bits on every processor, so that a seed gives the same run on amd64, on arm64 and in a browser.
//
// Package math does not promise that: its Exp and Log are written in assembly for some processors and differ in the last
// bit, and on arm64 the compiler fuses x*y + z into one instruction, which rounds once instead of twice. Here every
// product that is added to something is converted to its own type first, which by Go's specification forbids to fuse.
//
// The algorithms are those of Go's packages math and math/rand/v2 (Copyright The Go Authors, BSD licence; Exp and Log are
// FreeBSD's), so that a generator draws what it would draw with them on a processor without such differences.
package portable

import "math"

// polynomial is c[0] + c[1]·x + c[2]·x² + …, by Horner's rule.
func polynomial(x float64, c ...float64) float64 {
	sum := c[len(c)-1]
	for i := len(c) - 2; i >= 0; i-- {
		sum = float64(sum*x) + c[i]
	}
	return sum
}

// ln2High and ln2Low add up to the logarithm of 2. The first has so many zeros at the end that its products with an
// exponent are exact.
const (
	ln2High = 6.93147180369123816490e-01
	ln2Low  = 1.90821492927058770002e-10
)

// Log is the natural logarithm of x. That of 0 is -Inf, and that of a negative number NaN.
func Log(x float64) float64 {
	switch {
	case math.IsNaN(x) || math.IsInf(x, 1):
		return x
	case x < 0:
		return math.NaN()
	case x == 0:
		return math.Inf(-1)
	}
	fraction, exponent := math.Frexp(x)
	if fraction < math.Sqrt2/2 {
		fraction *= 2
		exponent--
	}
	f, k := fraction-1, float64(exponent)
	s := f / (2 + f)
	s2 := s * s
	s4 := s2 * s2
	t1 := float64(s2 * polynomial(s4, 6.666666666666735130e-01, 2.857142874366239149e-01, 1.818357216161805012e-01, 1.479819860510658591e-01))
	t2 := float64(s4 * polynomial(s4, 3.999999999940941908e-01, 2.222219843214978396e-01, 1.531383769920937332e-01))
	half := float64(0.5 * f * f)
	correction := float64(s*(half+(t1+t2))) + float64(k*ln2Low)
	return float64(k*ln2High) - ((half - correction) - f)
}

// Exp is e to the power of x.
func Exp(x float64) float64 {
	const (
		overflow  = 7.09782712893383973096e+02
		underflow = -7.45133219101941108420e+02
		nearZero  = 1.0 / (1 << 28)
	)
	switch {
	case math.IsNaN(x):
		return x
	case x > overflow:
		return math.Inf(1)
	case x < underflow:
		return 0
	case -nearZero < x && x < nearZero:
		return 1 + x
	}
	k := int(float64(math.Log2E*x) + math.Copysign(0.5, x))
	high := x - float64(float64(k)*ln2High)
	low := float64(float64(k) * ln2Low)
	r := high - low
	t := r * r
	c := r - float64(t*polynomial(t, 1.66666666666666657415e-01, -2.77777777770155933842e-03,
		6.61375632143793436117e-05, -1.65339022054652515390e-06, 4.13813679705723846039e-08))
	return math.Ldexp(1-((low-float64(r*c)/(2-c))-high), k)
}

// Normal is the value below which a share of p, between 0 and 1, of the standard normal distribution lies: of a uniform
// p it makes a normally distributed number. It is the rational approximation of Wichura (Applied Statistics 37, 1988).
func Normal(p float64) float64 { return math.Sqrt2 * erfinv(2*p-1) } // exact: twice p needs no rounding

// erfinv is the inverse of the error function at x, between -1 and 1.
func erfinv(x float64) float64 {
	at := math.Abs(x)
	var above, below float64
	if at <= 0.85 {
		r := 0.180625 - float64(float64(0.25*at)*at)
		above = at * polynomial(r, 1.1975323115670912564578e0, 4.7072688112383978012285e1, 6.9706266534389598238465e2, 4.8548868893843886794648e3,
			1.6235862515167575384252e4, 2.3782041382114385731252e4, 1.1819493347062294404278e4, 8.8709406962545514830200e2)
		below = polynomial(r, 1.0000000000000000000e0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3,
			2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4, 5.2264952788528545610e3)
		return math.Copysign(above/below, x)
	}
	r := math.Sqrt(math.Ln2 - Log(1-at))
	if r <= 5 {
		r -= 1.6
		above = polynomial(r, 1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0, 3.64784832476320460504e0,
			1.27045825245236838258e0, 2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4)
		below = polynomial(r, 1.4142135623730950488016887e0, 2.9036514445419946173133295e0, 2.3707661626024532365971225e0, 9.7547832001787427186894837e-1,
			2.0945065210512749128288442e-1, 2.1494160384252876777097297e-2, 7.7441459065157709165577218e-4, 1.4859850019840355905497876e-9)
	} else {
		r -= 5
		above = polynomial(r, 6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0, 2.96560571828504891230e-1,
			2.65321895265761230930e-2, 1.24266094738807843860e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7)
		below = polynomial(r, 1.414213562373095048801689e0, 8.482908416595164588112026e-1, 1.936480946950659106176712e-1, 2.103693768272068968719679e-2,
			1.112800997078859844711555e-3, 2.611088405080593625138020e-5, 2.010321207683943062279931e-7, 2.891024605872965461538222e-15)
	}
	return math.Copysign(above/below, x)
}
