package check

// InternalError is a failure that no input should be able to cause.
type InternalError struct{ Err error }

func (e *InternalError) Error() string { return "the checker is at fault: " + e.Err.Error() }

// Unwrap returns what failed.
func (e *InternalError) Unwrap() error { return e.Err }
