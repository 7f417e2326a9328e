package detect

import "github.com/clearbind/clearbind/decode/ldap"

// Configure changes what may change while an Engine runs: the allow list,
// severities, secret attributes and networks (of connections to come). Ports,
// intervals, limits and keys stay as New was told.
func (e *Engine) Configure(cfg Config) {
	e.cfg.Allow, e.cfg.Severities = cfg.Allow, cfg.Severities
	e.cfg.Nets, e.cfg.IgnoreNets = cfg.Nets, cfg.IgnoreNets
	e.secrets = ldap.NewSecretSet(cfg.SecretAttributes...)
}
