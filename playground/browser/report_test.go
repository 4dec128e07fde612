package browser

import (
	"testing"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/chromedp"
)

func TestScratch(t *testing.T) {
	p := openFolder(t, findBrowser(t), "/tmp/p13-three")
	p.do(log.Enable(), chromedp.EmulateViewport(1280, 1000), chromedp.Navigate(p.url+"/report.html"))
	p.until(`document.body.dataset.drawn === "yes"`)
	p.screenshot("r-wide-light", 1280, 1000, false)
	p.screenshot("r-wide-dark", 1280, 1000, true)
	p.screenshot("r-narrow-light", 380, 844, false)
	p.screenshot("r-narrow-dark", 380, 844, true)
	p.quiet()
}
