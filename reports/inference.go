package reports

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/combin"
)

// significance is the error rate of a table: the probability that it says "slower" or "faster" of at least one
// cell although no cell differs.
const significance = 1 - confidenceLevel

// enumerated is the number of pairs up to which all 2ⁿ subsets are listed; with more, as many are drawn.
const enumerated = 12

// rounding is by how much sums of logarithms may differ and still be taken for equal: they are added in different orders.
const rounding = 1e-12

// subsetsOf calls f with subsets of 0 … n-1, as a function that reports membership: with all of them up to 12 elements,
// otherwise with 4096 that are drawn from the seed, the full set first.
func subsetsOf(n int, seed uint64, f func(in func(i int) bool)) (count int) {
	if n <= enumerated {
		for mask := range 1 << n {
			f(func(i int) bool { return mask>>i&1 == 1 })
		}
		return 1 << n
	}
	random := rand.New(rand.NewPCG(seed, uint64(n)))
	f(func(int) bool { return true })
	words := make([]uint64, (n+63)/64)
	for range 1<<enumerated - 1 {
		for i := range words {
			words[i] = random.Uint64()
		}
		f(func(i int) bool { return words[i/64]>>(i%64)&1 == 1 })
	}
	return 1 << enumerated
}

// signFlipP returns the two-sided p-value of the hypothesis that values are symmetric about zero, which log-ratios of
// pairs are if the two of a pair have the same distribution: the share of all choices of signs whose sum is as far from
// zero as that of the values (Fisher's randomization test for pairs; Lehmann and Romano, Testing Statistical
// Hypotheses, 3rd ed., chapter 15). It is exact up to 12 values and not below 2/2ⁿ.
func signFlipP(values []float64, seed uint64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	extreme := 0
	count := subsetsOf(len(values), seed, func(in func(int) bool) {
		flipped := 0.0
		for i, v := range values {
			if !in(i) {
				v = -v
			}
			flipped += v
		}
		if math.Abs(flipped) >= math.Abs(sum)-rounding {
			extreme++
		}
	})
	return float64(extreme) / float64(count)
}

// centreOf returns the mean of values and, from six values on, a 95 % interval of the centre about which their
// distribution is symmetric: between the k-th least and the k-th greatest mean of the subsets, k = ⌊0.025·2ⁿ⌋. Each gap
// between neighbouring subset means holds the centre with the same probability (Hartigan, Using Subsample Values as
// Typical Values, JASA 64, 1303-1317, 1969), so the interval misses it with probability 2k/2ⁿ, whatever the shape. It holds the
// values that signFlipP does not reject.
func centreOf(values []float64, seed uint64) estimate {
	e := estimate{value: stat.Mean(values, nil)}
	var means []float64
	count := subsetsOf(len(values), seed, func(in func(int) bool) {
		sum, n := 0.0, 0
		for i, v := range values {
			if in(i) {
				sum += v
				n++
			}
		}
		if n > 0 {
			means = append(means, sum/float64(n))
		}
	})
	slices.Sort(means)
	if k := int(float64(count) * significance / 2); k > 0 {
		e.hasInterval, e.low, e.high = true, means[k-1], means[len(means)-k]
	}
	return e
}

// rankSums returns, for samples of n and m values of one distribution, the probability that exactly u of the n·m pairs
// have the first sample's value above the second's, u = 0 … n·m (Mann and Whitney, 1947).
func rankSums(n, m int) []float64 {
	// ways[j][u]: arrangements of i values of the first sample and j of the second with u such pairs. The greatest
	// value is of the first sample, and above all j, or of the second.
	ways := make([][]float64, m+1)
	for j := range ways {
		ways[j] = make([]float64, n*m+1)
		ways[j][0] = 1
	}
	for range n {
		next := make([][]float64, m+1)
		for j := range next {
			next[j] = make([]float64, n*m+1)
			for u := range next[j] {
				if u >= j {
					next[j][u] += ways[j][u-j]
				}
				if j > 0 {
					next[j][u] += next[j-1][u]
				}
			}
		}
		ways = next
	}
	all := ways[m]
	total := combin.GeneralizedBinomial(float64(n+m), float64(n))
	for u := range all {
		all[u] /= total
	}
	return all
}

// unpaired compares two samples of logarithms. It returns by how much the second is above the first, the median of all
// differences, with the 95 % interval of Hodges and Lehmann if the samples are large enough (Lehmann,
// Nonparametric Confidence Intervals for a Shift Parameter, Ann. Math. Statist., 1963, doi:10.1214/aoms/1177703882), and the one-sided p-value of Mann and
// Whitney of the hypothesis that it is at most limit above. Equal values count against a difference.
func unpaired(first, second []float64, limit float64) (e estimate, p float64) {
	var differences []float64
	above := 0
	for _, b := range second {
		for _, a := range first {
			differences = append(differences, b-a)
			if b-a > limit+rounding {
				above++
			}
		}
	}
	slices.Sort(differences)
	n := len(differences)
	e.value = (differences[(n-1)/2] + differences[n/2]) / 2
	probability := rankSums(len(second), len(first))
	for u := above; u <= n; u++ {
		p += probability[u]
	}
	tail := 0.0
	for k := 1; k <= n/2; k++ {
		if tail += probability[k-1]; tail > significance/2 {
			break
		}
		e.hasInterval, e.low, e.high = true, differences[k-1], differences[n-k]
	}
	return e, min(p, 1)
}

// holm reports which of the hypotheses with the given p-values are rejected, at an error rate of 5 % for all of them
// together (Holm, A Simple Sequentially Rejective Multiple Test Procedure, Scand. J. Statist. 6, 1979).
func holm(p []float64) []bool {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case p[a] < p[b]:
			return -1
		case p[a] > p[b]:
			return 1
		}
		return 0
	})
	rejected := make([]bool, len(p))
	for rank, i := range order {
		if p[i] > significance/float64(len(p)-rank)+rounding {
			break
		}
		rejected[i] = true
	}
	return rejected
}

// pairsNeeded is the least number of pairs with which a difference can be shown in a table of so many cells: n pairs
// have no p-value below 2/2ⁿ, and Holm's first step asks for 0.05/cells.
func pairsNeeded(cells int) int {
	return bits.Len(uint(math.Ceil(2*float64(cells)/significance-rounding) - 1))
}

// runsNeeded is the same for an unpaired, one-sided comparison of as many runs on each side, whose least p-value is one
// over the number of ways to choose n of 2n.
func runsNeeded(cells int) int {
	n := 1
	for combin.GeneralizedBinomial(float64(2*n), float64(n)) < float64(cells)/significance-rounding {
		n++
	}
	return n
}
