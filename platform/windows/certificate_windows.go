package windows

import (
	"cmp"
	"crypto/sha1"
	"encoding/asn1"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"

	"siteready/platform"
	"siteready/platform/windows/win32"
)

const (
	// nameRDN and x500 ask CertGetNameString for a whole name, CN=..., O=... (CERT_NAME_RDN_TYPE
	// and CERT_X500_NAME_STR in wincrypt.h).
	nameRDN = 2
	x500    = 3
	// usageExtension is the OID of the extension for enhanced key usages (RFC 5280).
	usageExtension = "2.5.29.37"
)

// readCertificates lists a certificate store.
func readCertificates(name string) (any, error) {
	location, store, _ := strings.Cut(name, `\`)
	var flags uint32 = windows.CERT_STORE_READONLY_FLAG | windows.CERT_STORE_OPEN_EXISTING_FLAG
	switch {
	case store == "" || strings.ContainsAny(store, `\/`):
		return nil, platform.Refuse(platform.ErrMalformed, `%q is no certificate store, LocalMachine\NAME`, name)
	case strings.EqualFold(location, "LocalMachine"):
		flags |= windows.CERT_SYSTEM_STORE_LOCAL_MACHINE
	case strings.EqualFold(location, "CurrentUser"):
		flags |= windows.CERT_SYSTEM_STORE_CURRENT_USER
	default:
		return nil, platform.Refuse(platform.ErrMalformed, "%q does not begin with LocalMachine or CurrentUser", name)
	}
	wide, err := windows.UTF16PtrFromString(store)
	if err != nil {
		return nil, platform.Refuse(platform.ErrMalformed, "%q is no name of a store: %v", store, err)
	}
	handle, err := windows.CertOpenStore(windows.CERT_STORE_PROV_SYSTEM, 0, 0, flags, uintptr(unsafe.Pointer(wide)))
	runtime.KeepAlive(wide)
	if err != nil {
		return nil, call{
			api: "CertOpenStore", target: name, right: "read this store",
			absent: []windows.Errno{windows.ERROR_FILE_NOT_FOUND},
		}.refused(err)
	}
	defer func() { _ = windows.CertCloseStore(handle, 0) }()
	return listStore(name, handle)
}

// listStore lists an open store. Only Windows' own word that there are no more certificates
// ends the list well.
func listStore(name string, store windows.Handle) (any, error) {
	all := []platform.Certificate{}
	var context *windows.CertContext
	for {
		var err error
		context, err = windows.CertEnumCertificatesInStore(store, context) // frees the one before
		switch {
		case errors.Is(err, windows.Errno(windows.CRYPT_E_NOT_FOUND)), errors.Is(err, windows.ERROR_NO_MORE_FILES):
			slices.SortFunc(all, func(a, b platform.Certificate) int { return cmp.Compare(a.Thumbprint, b.Thumbprint) })
			list := fitting(all)
			return platform.Certificates{Count: len(all), Certificates: list, More: len(list) < len(all)}, nil
		case err != nil:
			return nil, call{api: "CertEnumCertificatesInStore", target: name, right: "read this store"}.refused(err)
		}
		certificate, err := readCertificate(name, context)
		if err != nil {
			_ = windows.CertFreeCertificateContext(context)
			return nil, err
		}
		all = append(all, certificate)
	}
}

// readCertificate describes one certificate.
func readCertificate(store string, context *windows.CertContext) (platform.Certificate, error) {
	var none platform.Certificate
	ask := call{api: "CertEnumCertificatesInStore", target: store, right: "read this store"}
	if context.EncodedCert == nil || context.Length == 0 || context.CertInfo == nil {
		return none, ask.malformed("a certificate has no content")
	}
	encoded := unsafe.Slice(context.EncodedCert, context.Length)
	c := platform.Certificate{
		Thumbprint: fmt.Sprintf("%X", sha1.Sum(encoded)), // as every tool of Windows names it
		NotAfter:   timeOf(context.CertInfo.NotAfter),
	}
	// JSON has no later dates, and X.509 no earlier ones.
	if year := c.NotAfter.Year(); year < 1950 || year > 9999 {
		return none, ask.malformed("%s ends in the year %d", c.Thumbprint, year)
	}
	var err error
	if c.Subject, err = certificateName(context, 0); err == nil {
		c.Issuer, err = certificateName(context, windows.CERT_NAME_ISSUER_FLAG)
	}
	if err != nil {
		return none, call{api: "CertGetNameString", target: store + " " + c.Thumbprint, right: ask.right}.refused(err)
	}
	if c.PrivateKey, err = hasKey(context); err != nil {
		return none, call{api: "CertGetCertificateContextProperty", target: store + " " + c.Thumbprint, right: ask.right}.refused(err)
	}
	if c.Usages, err = usagesOf(context.CertInfo); err != nil {
		return none, ask.malformed("%s: %v", c.Thumbprint, err)
	}
	return c, nil
}

// timeOf is a FILETIME, tenths of microseconds since 1601. Filetime.Nanoseconds overflows in
// the year 2262, and certificates that are to last for ever end in 9999.
func timeOf(t windows.Filetime) time.Time {
	const perSecond, until1970 = 10_000_000, 11_644_473_600
	ticks := int64(t.HighDateTime)<<32 | int64(t.LowDateTime)
	return time.Unix(ticks/perSecond-until1970, ticks%perSecond*100).UTC()
}

// certificateName returns the subject, or with the flag for it the issuer.
func certificateName(context *windows.CertContext, flags uint32) (string, error) {
	format := uint32(x500)
	length := windows.CertGetNameString(context, nameRDN, flags, unsafe.Pointer(&format), nil, 0)
	if length == 0 || length > platform.MaxAnswer {
		return "", fmt.Errorf("a name of %d characters", length)
	}
	buffer := make([]uint16, length)
	got := windows.CertGetNameString(context, nameRDN, flags, unsafe.Pointer(&format), &buffer[0], length)
	if got != length {
		return "", fmt.Errorf("a name of %d characters came as %d", length, got)
	}
	return windows.UTF16ToString(buffer), nil
}

// hasKey asks whether the store knows where the private key is. The key itself is not opened.
func hasKey(context *windows.CertContext) (bool, error) {
	var length uint32
	err := win32.CertGetCertificateContextProperty(context, win32.CERT_KEY_PROV_INFO_PROP_ID, nil, &length)
	if errors.Is(err, windows.Errno(windows.CRYPT_E_NOT_FOUND)) {
		return false, nil
	}
	return err == nil, err
}

// usagesOf returns the OIDs of the extension for enhanced key usages, nil without one.
func usagesOf(info *windows.CertInfo) (*[]string, error) {
	if info.CountExtensions == 0 || info.Extensions == nil {
		return nil, nil
	}
	for _, extension := range unsafe.Slice(info.Extensions, info.CountExtensions) {
		if windows.BytePtrToString(extension.ObjId) != usageExtension {
			continue
		}
		var oids []asn1.ObjectIdentifier
		rest, err := asn1.Unmarshal(unsafe.Slice(extension.Value.Data, extension.Value.Size), &oids)
		if err == nil && len(rest) > 0 {
			err = fmt.Errorf("%d bytes too many", len(rest))
		}
		if err != nil {
			return nil, fmt.Errorf("its enhanced key usages cannot be read: %w", err)
		}
		list := []string{}
		for _, oid := range oids {
			list = append(list, oid.String())
		}
		return &list, nil
	}
	return nil, nil
}
