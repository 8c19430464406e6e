extern "C" __declspec(dllimport) int AttestationDependency();

// Keeps the import.
extern "C" int UsesDependency() { return AttestationDependency(); }
