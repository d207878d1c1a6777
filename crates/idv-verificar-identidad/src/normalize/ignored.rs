//! The members that no observation carries.

/// The members of reports and answers that no observation carries, each with the reason. All others end in the observation.
pub const IGNORED: &[(&str, &str)] = &[(
    "Servicio",
    "it is VERIFICACION_IDENTIDAD in every report that is read; those of other services are passed over whole",
)];
