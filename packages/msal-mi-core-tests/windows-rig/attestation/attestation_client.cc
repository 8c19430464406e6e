// Keeps to the interface of AttestationClientLib.dll and watches that its caller does. Violations are in the journal:
// a line that starts with "VIOLATION".
#include "library_interface.h"

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "evidence.h"
#include "journal.h"
#include "settings.h"

namespace fake_attestation {
namespace {

constexpr int kClientInit = -30;

AttestationLogInfo log_info{};
std::atomic<int> initialized{0};
std::atomic<int> attesting{0};
std::mutex tokens_mutex;
std::set<char*> tokens;

void Log(int level, const char* function, int line, const std::string& message) {
  std::string tag = "FakeAttestation";
  std::string name = function;
  std::string text = message;
  if (log_info.log != nullptr) log_info.log(log_info.context, tag.data(), level, name.data(), line, text.data());
}

void LogFromThreads(int count) {
  std::vector<std::thread> threads;
  for (int n = 0; n < count; ++n) {
    threads.emplace_back([n] {
      for (int line = 0; line < 10; ++line) Log(line % 4, "Thread", line, "from thread " + std::to_string(n));
    });
  }
  for (std::thread& thread : threads) thread.join();
}

void StartLateLog() {
  // Copied: after UninitAttestationLib the callback and its context are used as they were.
  std::thread([info = log_info] {
    for (;;) {
      char tag[] = "FakeAttestation";
      char function[] = "Late";
      char message[] = "after the end";
      info.log(info.context, tag, 0, function, 1, message);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }).detach();
}

char* NewToken(const std::string& text) {
  auto* token = static_cast<char*>(std::malloc(text.size() + 1));
  std::memcpy(token, text.c_str(), text.size() + 1);
  const std::lock_guard<std::mutex> lock(tokens_mutex);
  tokens.insert(token);
  return token;
}

std::string Shown(const char* text) { return text == nullptr ? "(null)" : std::string("\"") + text + "\""; }

int Attest(const char* endpoint, NCRYPT_KEY_HANDLE key, char** token, const char* client_id) {
  LogFromThreads(NumberSetting("FAKE_ATTESTATION_THREADS"));
  if (!Setting("FAKE_ATTESTATION_LATE_LOG").empty()) StartLateLog();

  const std::string told = Setting("FAKE_ATTESTATION_TOKEN");
  const int code = NumberSetting("FAKE_ATTESTATION_CODE");
  if (!told.empty() && told != "(null)") *token = NewToken(told == "(empty)" ? "" : told);
  if (code != 0) {
    Log(0, "AttestKeyGuardImportKey", __LINE__, "fails with " + std::to_string(code) + " as told");
    return code;
  }
  if (!told.empty()) return 0;

  std::string evidence;
  if (const int failure = CollectEvidence(key, client_id, evidence)) return failure;
  Log(3, "AttestKeyGuardImportKey", __LINE__, "evidence " + evidence);
  std::string jwt;
  if (const int failure = RequestToken(endpoint, evidence, jwt)) return failure;
  Log(3, "AttestKeyGuardImportKey", __LINE__, "received " + jwt);
  *token = NewToken(jwt);
  return 0;
}

}  // namespace
}  // namespace fake_attestation

using namespace fake_attestation;

extern "C" {

int __cdecl InitAttestationLib(AttestationLogInfo* info) {
  if (const int code = NumberSetting("FAKE_ATTESTATION_INIT_CODE")) {
    Record("init " + std::to_string(code));
    return code;
  }
  if (info == nullptr || info->log == nullptr) Record("VIOLATION no log callback");
  if (++initialized != 1) Record("VIOLATION initialised twice");
  log_info = *info;
  Record("init");
  Log(2, "InitAttestationLib", __LINE__, "initialised");
  return 0;
}

int __cdecl AttestKeyGuardImportKey(char* endpoint, char* auth_token, char* client_payload, NCRYPT_KEY_HANDLE key,
                                    char** token, char* client_id) {
  // Before the journal says that the attestation has begun: the test may steer anew as soon as it does.
  const auto delay_ms = static_cast<DWORD>(NumberSetting("FAKE_ATTESTATION_DELAY_MS"));
  Record("attest endpoint=" + Shown(endpoint) + " authToken=" + Shown(auth_token) +
         " clientPayload=" + Shown(client_payload) + " clientId=" + Shown(client_id));
  if (initialized != 1) {
    Record("VIOLATION attests without being initialised");
    return kClientInit;
  }
  if (++attesting != 1) Record("VIOLATION two attestations at once");
  ::Sleep(delay_ms);
  const int code = Attest(endpoint, key, token, client_id);
  --attesting;
  return code;
}

void __cdecl FreeAttestationToken(char* token) {
  Record("free");
  if (initialized != 1) Record("VIOLATION frees without being initialised");
  const std::lock_guard<std::mutex> lock(tokens_mutex);
  if (tokens.erase(token) == 0) {
    Record("VIOLATION frees what is not a token, or twice");
    return;
  }
  std::free(token);
}

void __cdecl UninitAttestationLib() {
  Record("uninit");
  if (initialized-- != 1) Record("VIOLATION uninitialised twice");
  if (attesting != 0) Record("VIOLATION uninitialised during an attestation");
  const std::lock_guard<std::mutex> lock(tokens_mutex);
  if (!tokens.empty()) Record("VIOLATION a token was not freed");
  log_info = {};
}
}
