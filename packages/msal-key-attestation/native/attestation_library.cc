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

const LoadedLibrary& OpenedLibrary(const LibraryRequest& request, std::optional<LibrarySignature>& signature) {
  Process& process = TheProcess();
  const std::lock_guard<std::mutex> lock(process.loading);
  const auto known = process.libraries.find(request.path);
  if (known == process.libraries.end()) {
    return process.libraries.emplace(request.path, LoadAttestationLibrary(request, signature)).first->second;
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
