#!/bin/sh
# Checks the rules, runs their tests and checks the scrape configuration, all by
# promtool. Installs nothing: it says what is missing.
set -eu
cd "$(dirname "$0")"
if ! command -v promtool >/dev/null; then
	echo "check.sh: promtool is missing; it comes with Prometheus (Debian: apt-get install prometheus)" >&2
	exit 2
fi
promtool check rules rules.yml
promtool test rules rules_test.yml rules_week_test.yml
promtool check config --syntax-only scrape.yml
