#pragma once

namespace keyguard_sim {

// Wine 10 negotiates TLS 1.2 at most, although its GnuTLS knows 1.3. This makes winhttp of this process offer 1.3 as
// well, whatever it was asked for. Before the process' first https request, and not together with InstallRenegotiation,
// which is about TLS 1.2. False where Wine is not as expected.
bool InstallTls13();

}  // namespace keyguard_sim
