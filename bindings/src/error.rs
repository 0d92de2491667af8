//! Errors as JavaScript sees them: an `Error` whose `code` is ENGINE, PLUGIN, COMPILE, LOAD, IO, ADDRESS_IN_USE, LISTEN,
//! CERTIFICATE or CLOSED, and whose `message` is for people.

use napi::{
    Env, JsError,
    bindgen_prelude::{ToNapiValue, TypeName, ValueType},
    sys,
};

/// An error with its code.
pub struct Failure {
    code: &'static str,
    message: String,
}

impl Failure {
    pub fn new(code: &'static str, message: impl ToString) -> Self {
        Self { code, message: message.to_string() }
    }

    /// The edge was closed.
    pub fn closed() -> Self {
        Self::new("CLOSED", "the edge is closed")
    }

    /// For functions that throw.
    pub fn into_error(self) -> napi::Error<String> {
        napi::Error::new(self.code.to_owned(), self.message)
    }
}

impl From<swarmlambda_executor::Error> for Failure {
    fn from(error: swarmlambda_executor::Error) -> Self {
        use swarmlambda_executor::Error;
        let code = match &error {
            Error::Engine(_) => "ENGINE",
            Error::Plugin(_) => "PLUGIN",
            Error::Compile(_) => "COMPILE",
            Error::Load(_) => "LOAD",
        };
        Self::new(code, error)
    }
}

impl From<swarmlambda_compiler::Error> for Failure {
    fn from(error: swarmlambda_compiler::Error) -> Self {
        use swarmlambda_compiler::Error;
        match error {
            Error::Executor(error) => error.into(),
            Error::Module(_) => Self::new("COMPILE", error),
        }
    }
}

impl From<swarmlambda_server::Error> for Failure {
    fn from(error: swarmlambda_server::Error) -> Self {
        use swarmlambda_server::Error;
        let code = match &error {
            Error::AddressInUse { .. } => "ADDRESS_IN_USE",
            Error::Listen { .. } | Error::EdgeName(_) | Error::Asset { .. } | Error::Tls(_) => "LISTEN",
            Error::Certificate { .. } => "CERTIFICATE",
            Error::Sites(_) => "SITES",
        };
        Self::new(code, error)
    }
}

/// What an asynchronous call comes to. napi's own rejections can't carry our codes, so the error is made when the result
/// is converted, on JavaScript's thread.
pub struct Settled<T>(pub Result<T, Failure>);

impl<T: ToNapiValue> ToNapiValue for Settled<T> {
    unsafe fn to_napi_value(env: sys::napi_env, settled: Self) -> napi::Result<sys::napi_value> {
        match settled.0 {
            // SAFETY: `env` is the one napi called us with, on its own thread.
            Ok(value) => unsafe { T::to_napi_value(env, value) },
            Err(failure) => {
                Err(napi::Error::from(JsError::from(failure.into_error()).into_unknown(Env::from_raw(env))))
            }
        }
    }
}

impl<T> TypeName for Settled<T> {
    fn type_name() -> &'static str {
        "Promise"
    }

    fn value_type() -> ValueType {
        ValueType::Object
    }
}
