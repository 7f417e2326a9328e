// Package metrics exposes counters to Prometheus: const metrics, made of a
// snapshot when they are asked for. Nothing on the path of a packet knows it.
package metrics
