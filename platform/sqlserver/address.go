package sqlserver

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"unicode"
)

// address is a SQL Server instance as a question names it.
type address struct {
	host     string // to connect to; the machine itself is localhost
	instance string // empty for the default instance
	port     uint16 // 0 when it is not given
}

// defaultPort is where a default instance listens.
const defaultPort = 1433

// parseAddress reads SERVER, SERVER\INSTANCE, SERVER,PORT and SERVER\INSTANCE,PORT, with
// spaces around the parts. SERVER is a name, an IP address, "." or "(local)".
func parseAddress(on string) (address, error) {
	var a address
	name := on
	if comma := strings.LastIndexByte(on, ','); comma >= 0 {
		digits := strings.TrimSpace(on[comma+1:])
		port, err := strconv.ParseUint(digits, 10, 16)
		if err != nil || port == 0 || digits[0] == '+' {
			return address{}, fmt.Errorf("%q is no port; it must be 1 to 65535", digits)
		}
		a.port, name = uint16(port), on[:comma]
	}
	host, instance, named := strings.Cut(name, `\`)
	a.host, a.instance = strings.TrimSpace(host), strings.TrimSpace(instance)
	switch {
	case a.host == "":
		return address{}, errors.New("the server's name is missing")
	case named && a.instance == "":
		return address{}, errors.New("the instance's name is missing")
	case strings.ContainsFunc(a.instance, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("_#$", r)
	}):
		return address{}, fmt.Errorf("%q is no instance name", a.instance)
	case a.host == "." || strings.EqualFold(a.host, "(local)"):
		a.host = "localhost"
	case !isHost(a.host):
		return address{}, fmt.Errorf("%q is no server name", a.host)
	}
	return a, nil
}

// isHost reports whether host can be the name or the IP address of a server. It is lenient:
// whether there is such a server, the resolver says.
func isHost(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		host = ip.Zone() // which may be any text there
	}
	return !strings.ContainsFunc(host, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-_.", r)
	})
}

// tcpPort is the port that is connected to, unless the Browser has to be asked.
func (a address) tcpPort() uint16 {
	if a.port == 0 {
		return defaultPort
	}
	return a.port
}

// needsBrowser reports whether only SQL Server Browser knows the port.
func (a address) needsBrowser() bool { return a.instance != "" && a.port == 0 }

// key is equal for all spellings that lead to one instance: names have no case, no port is the
// default one, and where there is a port the instance's name leads nowhere else.
func (a address) key() string {
	host := strings.ToLower(a.host)
	if a.needsBrowser() {
		return host + `\` + strings.ToLower(a.instance)
	}
	return net.JoinHostPort(host, strconv.Itoa(int(a.tcpPort())))
}

// principal is the name that Windows authentication knows the service by.
func (a address) principal() string {
	host := a.host
	if isLoopback(host) {
		if name, err := os.Hostname(); err == nil {
			host = name
		}
	}
	if a.instance != "" {
		return "MSSQLSvc/" + host + ":" + a.instance
	}
	return "MSSQLSvc/" + net.JoinHostPort(host, strconv.Itoa(int(a.tcpPort())))
}

// CheckInstance finds what is wrong with an instance as a person wrote it.
func CheckInstance(on string) error {
	if _, err := parseAddress(on); err != nil {
		return fmt.Errorf(`%q is no SQL Server instance: %w. It is written SERVER, SERVER\INSTANCE, SERVER,PORT or SERVER\INSTANCE,PORT`, on, err)
	}
	return nil
}

// IsThisMachine is the default of Options.Local. It does not know a fully qualified name,
// which os.Hostname does not give on Windows.
func IsThisMachine(host string) bool {
	if host == "." || strings.EqualFold(host, "(local)") || isLoopback(host) {
		return true
	}
	name, err := os.Hostname()
	if err != nil || name == "" {
		return false
	}
	short, _, _ := strings.Cut(name, ".")
	return strings.EqualFold(host, name) || strings.EqualFold(host, short)
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}
