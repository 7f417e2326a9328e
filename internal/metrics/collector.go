package metrics

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/collectors/version"
)

const namespace = "clearbind"

// Collector turns a snapshot into metrics at each scrape.
type Collector struct {
	snapshot func() Snapshot
	descs    []*prometheus.Desc // of table, in its order
}

// NewCollector gives a collector that asks snapshot at each scrape; several
// scrapes may ask at the same time.
func NewCollector(snapshot func() Snapshot) *Collector {
	c := &Collector{snapshot: snapshot}
	for i := range table {
		m := &table[i]
		c.descs = append(c.descs, prometheus.NewDesc(prometheus.BuildFQName(namespace, "", m.name), m.help, m.labels, nil))
	}
	return c
}

// Describe implements prometheus.Collector.
func (c *Collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range c.descs {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c *Collector) Collect(ch chan<- prometheus.Metric) {
	s := c.snapshot()
	for i := range table {
		table[i].values(&s, func(v float64, labels ...string) {
			ch <- prometheus.MustNewConstMetric(c.descs[i], table[i].typ, v, labels...)
		})
	}
}

// NewRegistry gives a registry with clearbind's own metrics, those of its
// build, and those of the Go runtime and the process.
func NewRegistry(snapshot func() Snapshot) *prometheus.Registry {
	reg := prometheus.NewRegistry()
	reg.MustRegister(
		NewCollector(snapshot),
		version.NewCollector(namespace),
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return reg
}
