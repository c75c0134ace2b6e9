// Package check holds numbers against thresholds, and says what came of it in the forms that monitoring systems read.
//
//  1. threshold.go  ranges, as the plugins of Nagios have them
//  2. result.go     figures, and the worst of them
//  3. agent.go      figures from what an agent knows
//  4. form.go       a result as Nagios, Prometheus, a program or a person reads it
package check
