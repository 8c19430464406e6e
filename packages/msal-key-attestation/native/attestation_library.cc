#include "attestation_library.h"

#include <map>
#include <mutex>
#include <utility>

#include <win32_error.h>

namespace msal_mi {
namespace {

// The library keeps its state per process, so the lock that guards it and the end of its log callback belong to the
// process as well, and not to one Node environment. Never destroyed: the library's threads may outlive anything.
struct Process {
  std::mutex loading;
  std::map<std::wstring, LoadedLibrary> libraries;  // by path; elements keep their address
  std::mutex attesting;
  LogBridge log;
};

Process& TheProcess() {
  static auto* const process = new Process;
  return *process;
}

// The same library may have been loaded by another spelling of its path, or by somebody else: what was checked then
// counts, and not the file that lies there now.
void RequireTrustOfLoaded(const LibraryRequest& request, LoadedLibrary& library) {
  if (!library.was_loaded) return;
  library.is_trusted = false;
  for (const auto& entry : TheProcess().libraries) {
    const LoadedLibrary& other = entry.second;
    if (other.module != library.module) continue;
    library.signature = other.signature;
    library.sha256 = other.sha256;
    library.is_trusted = other.is_trusted;
  }
  RequireTrust(request, library);
}

const LoadedLibrary& OpenedLibrary(const LibraryRequest& request, std::optional<LibrarySignature>& signature) {
  Process& process = TheProcess();
  const std::lock_guard<std::mutex> lock(process.loading);
  const auto known = process.libraries.find(request.path);
  if (known == process.libraries.end()) {
    LoadedLibrary library = LoadAttestationLibrary(request, signature);
    RequireTrustOfLoaded(request, library);
    return process.libraries.emplace(request.path, std::move(library)).first->second;
  }
  signature = known->second.signature;
  RequireTrust(request, known->second);
  return known->second;
}

}  // namespace

void OpenLibrary(const LibraryRequest& request, std::optional<LibrarySignature>& signature) {
  OpenedLibrary(request, signature);
}

std::optional<std::string> AttestKey(const AttestationRequest& request, std::shared_ptr<LogSink> log) {
  std::optional<LibrarySignature> signature;
  const LoadedLibrary& library = OpenedLibrary(request.library, signature);
  Process& process = TheProcess();
  const std::lock_guard<std::mutex> one_at_a_time(process.attesting);
  return RunAttestation(library, request, process.log, std::move(log));
}

}  // namespace msal_mi
