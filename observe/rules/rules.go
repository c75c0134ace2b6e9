// Package rules is what an operator puts beside the metrics of package observe: alerts for Prometheus and a dashboard for
// Grafana.
package rules

import _ "embed" // the files are part of a program that prints them

//go:embed alerts.yml
var alerts string

//go:embed dashboard.json
var dashboard string

// Alerts is a file of alerting rules for Prometheus (rule_files in its configuration).
func Alerts() string { return alerts }

// Dashboard is a dashboard for Grafana 10 or later, to import; it asks for its Prometheus.
func Dashboard() string { return dashboard }
