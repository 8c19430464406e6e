#include "library_loader.h"

#include <unique_handle.h>
#include <win32_error.h>

namespace msal_mi {
namespace {

constexpr std::uint32_t kErrorChecksum = 323;  // ERROR_DATA_CHECKSUM_ERROR, absent from mingw-w64

struct ModuleTraits {
  using Raw = HMODULE;
  static void close(Raw module) noexcept { ::FreeLibrary(module); }
};
using UniqueModule = UniqueHandle<ModuleTraits>;

// A damaged DLL must not open a message box on a server.
class QuietLoader {
 public:
  QuietLoader() { ::SetThreadErrorMode(SEM_FAILCRITICALERRORS | SEM_NOOPENFILEERRORBOX, &former_); }
  QuietLoader(const QuietLoader&) = delete;
  QuietLoader& operator=(const QuietLoader&) = delete;
  ~QuietLoader() { ::SetThreadErrorMode(former_, nullptr); }

 private:
  DWORD former_ = 0;
};

void RequireFile(const LibraryRequest& request, const LibrarySignature& signature, const std::wstring& sha256) {
  if (!request.required_sha256.empty() && sha256 != request.required_sha256) {
    throw Win32Error("CryptGetHashParam", kErrorChecksum);
  }
  if (!request.require_signature) return;
  ThrowIfFailed("WinVerifyTrust", signature.status);
  const bool is_other_signer = !request.required_signer.empty() && signature.signer != request.required_signer;
  if (is_other_signer) throw Win32Error("CertGetNameStringW", static_cast<std::uint32_t>(CERT_E_CN_NO_MATCH));
}

template <typename Function>
Function Export(HMODULE module, const char* name) {
  const FARPROC address = ::GetProcAddress(module, name);
  if (address == nullptr) throw Win32Error("GetProcAddress", ::GetLastError());
  // By way of void*: the types of the two function pointers have nothing in common.
  return reinterpret_cast<Function>(reinterpret_cast<void*>(address));  // NOLINT(bugprone-casting-through-void)
}

}  // namespace

LoadedLibrary LoadAttestationLibrary(const LibraryRequest& request, std::optional<LibrarySignature>& signature) {
  const LibraryFile file(request.path);
  LoadedLibrary library;
  library.signature = VerifySignature(file.final_path(), file.handle());
  signature = library.signature;
  library.sha256 = file.Sha256();
  RequireFile(request, library.signature, library.sha256);
  library.is_trusted = request.is_trust_required();

  // Windows gives out what it has, by path: its code, and that of what lay beside it, has run already.
  library.was_loaded = ::GetModuleHandleW(file.final_path().c_str()) != nullptr;
  const QuietLoader quiet;
  const DWORD folders = library.is_trusted ? LOAD_LIBRARY_SEARCH_SYSTEM32
                                           : LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR | LOAD_LIBRARY_SEARCH_SYSTEM32;
  UniqueModule module(::LoadLibraryExW(file.final_path().c_str(), nullptr, folders));
  if (!module) throw Win32Error("LoadLibraryExW", ::GetLastError());
  library.init = Export<InitFunction>(module.get(), "InitAttestationLib");
  library.attest = Export<AttestFunction>(module.get(), "AttestKeyGuardImportKey");
  library.free_token = Export<FreeFunction>(module.get(), "FreeAttestationToken");
  library.uninit = Export<UninitFunction>(module.get(), "UninitAttestationLib");
  library.module = module.release();  // stays loaded
  return library;
}

void RequireTrust(const LibraryRequest& request, const LoadedLibrary& library) {
  RequireFile(request, library.signature, library.sha256);
  if (request.is_trust_required() && !library.is_trusted) throw Win32Error("LoadLibraryExW", ERROR_ALREADY_EXISTS);
}

}  // namespace msal_mi
