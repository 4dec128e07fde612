package portable

import "math/rand/v2"

// Exponential draws from the exponential distribution of mean 1, as rand.Rand.ExpFloat64 does: by the ziggurat method
// (Marsaglia and Tsang, Journal of Statistical Software 5, 2000).
func Exponential(random *rand.Rand) float64 {
	for {
		u := random.Uint64()
		j, layer := uint32(u), uint8(u>>32)
		x := float64(j) * float64(ziggurat.width[layer])
		if j < ziggurat.inside[layer] {
			return x
		}
		if layer == 0 {
			return lastEdge - Log(random.Float64())
		}
		low, high := ziggurat.height[layer], ziggurat.height[layer-1]
		if low+float32(float32(random.Float64())*(high-low)) < float32(Exp(-x)) {
			return x
		}
	}
}

// The ziggurat has 256 layers of the same area, the lowest of which goes on without end behind lastEdge.
const (
	lastEdge  = 7.69711747013104972
	layerArea = 0.0039496598225815571993
)

// ziggurat has for each layer how many of 2³² points of its width are surely inside, the width of one of them, and the
// density at the layer's edge.
var ziggurat = func() (z struct {
	inside        [256]uint32
	width, height [256]float32
}) {
	const points = 1 << 32
	edge := float64(lastEdge)
	lowest := layerArea / Exp(-edge)
	z.inside[0], z.width[0], z.height[0] = uint32(edge/lowest*points), float32(lowest/points), 1
	z.inside[1], z.width[255], z.height[255] = 0, float32(edge/points), float32(Exp(-edge))
	for i := 254; i > 0; i-- {
		above := edge
		edge = -Log(layerArea/edge + Exp(-edge))
		z.inside[i+1], z.width[i], z.height[i] = uint32(edge/above*points), float32(edge/points), float32(Exp(-edge))
	}
	return z
}()
