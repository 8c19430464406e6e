#include <windows.h>

#include <wincrypt.h>

#include "export_patch.h"
#include "settings.h"
#include "store_faults.h"

namespace keyguard_sim {
namespace {

decltype(&::CertAddCertificateContextToStore) real_add = nullptr;
decltype(&::CertControlStore) real_control = nullptr;

bool Fails(const char* function) {
  const LONG failure = InjectedFailure(function);
  if (failure != 0) ::SetLastError(static_cast<DWORD>(failure));
  return failure != 0;
}

BOOL WINAPI Add(HCERTSTORE store, PCCERT_CONTEXT context, DWORD disposition, PCCERT_CONTEXT* added) {
  return !Fails("CertAddCertificateContextToStore") && real_add(store, context, disposition, added);
}

BOOL WINAPI Control(HCERTSTORE store, DWORD flags, DWORD type, const void* parameters) {
  return !Fails("CertControlStore") && real_control(store, flags, type, parameters);
}

template <typename Function>
void Replace(HMODULE module, const char* name, Function replacement, Function& real) {
  real = reinterpret_cast<Function>(reinterpret_cast<void*>(::GetProcAddress(module, name)));
  PatchExport(module, name, reinterpret_cast<void*>(replacement));
}

}  // namespace

void InstallStoreFaults() {
  const HMODULE crypt32 = SystemLibrary(L"crypt32.dll");
  if (crypt32 == nullptr) return;
  Replace(crypt32, "CertAddCertificateContextToStore", &Add, real_add);
  Replace(crypt32, "CertControlStore", &Control, real_control);
}

}  // namespace keyguard_sim
