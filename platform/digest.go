package platform

// MaxDigested is how many bytes a file may have whose content is digested.
const MaxDigested = 64 << 20

// Digest stands for the content of a file, of which nothing else is told.
type Digest struct {
	Size   int64  `json:"size"`   // bytes
	SHA256 string `json:"sha256"` // of the whole content, 64 hexadecimal digits in small letters
}

// ReadDigest asks for the digest of a file's content. A missing file is ErrAbsent, one with more
// than MaxDigested bytes ErrTooLarge.
func ReadDigest(path string) Query[Digest] {
	return Query[Digest]{Question{Kind: KindDigest, Where: path}}
}

// DigestRuntime is the digest of the configuration file of a program of the .NET Framework.
const DigestRuntime = "runtime settings"

// RuntimeSettings say on what such a program runs, and whether it makes evidence of its publisher.
type RuntimeSettings struct {
	Size int64 `json:"size"` // bytes
	// Runtimes are those that it may run on, such as v4.0, the one that it prefers first. There are
	// none when the file names none, and then it runs on the one that it was built for.
	Runtimes []string `json:"runtimes"`
	// PublisherEvidence is true or false as the file says, and empty when it says nothing, which
	// counts as true.
	PublisherEvidence string `json:"publisher_evidence"`
}

// ReadRuntimeSettings asks for the runtime settings in a configuration file. A missing file is
// ErrAbsent, one with more than 1 MiB ErrTooLarge, and what is no such file ErrMalformed. Nothing
// else of it is told.
func ReadRuntimeSettings(path string) Query[RuntimeSettings] {
	return Query[RuntimeSettings]{Question{Kind: KindDigest, Where: path, What: DigestRuntime}}
}
