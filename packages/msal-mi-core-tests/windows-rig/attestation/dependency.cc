extern "C" __declspec(dllexport) int AttestationDependency() { return 1; }
