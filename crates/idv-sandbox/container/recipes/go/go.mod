module example.com/onboarding

go 1.25

require github.com/testcontainers/testcontainers-go v0.45.0
