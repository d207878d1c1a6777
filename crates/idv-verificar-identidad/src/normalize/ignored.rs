//! The members that no observation carries.

/// The members of reports and responses that no observation carries, each with the reason. All
/// other members end in the observation.
pub const IGNORED: &[(&str, &str)] = &[(
    "Servicio",
    "always VERIFICACION_IDENTIDAD: reports about other services are ignored",
)];
