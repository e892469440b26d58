// SPDX-License-Identifier: MIT
// Makes our own CA and server certificates, and reads those of an administrator.
#pragma once

#include "provisioning/base/clock.hpp"
#include "provisioning/base/net.hpp"
#include "provisioning/base/result.hpp"
#include "provisioning/base/secret.hpp"

#include <string>
#include <vector>

namespace serve {

/// A certificate with those that lead to its CA, and its private key, all in PEM.
struct Identity {
    std::string certificates;
    base::Secret key;
};

/// What a certificate says, for consoles.
struct CertificateFacts {
    std::string subject;
    std::string issuer;
    std::string fingerprint; ///< SHA-256, "AB:CD:…"
    base::UnixMs not_before = 0;
    base::UnixMs not_after = 0;
    std::vector<std::string> names; ///< addresses and host names it is valid for
};

/// Of the first certificate in the PEM text.
base::Result<CertificateFacts> read_certificate(const std::string& pem);

/// The administrator's own. Refused is a key that others may read, one that does not belong to the
/// certificate, and a certificate that is not valid at `now`.
base::Result<Identity>
read_identity(const std::string& certificate_file, const std::string& key_file, base::UnixMs now);

/// Our CA: made at the first start, and then the same for ever, because phones trust it by name and
/// key.
class Authority {
  public:
    /// `folder`/pnp-ca.crt and pnp-ca.key (0600); what is missing is made, which takes a second or
    /// so for a new key.
    static base::Result<Authority> open(const std::string& folder, base::UnixMs now);

    /// A server certificate for a year with a key of its own, valid for these addresses and this
    /// host name. It takes a moment.
    base::Result<Identity> issue(const std::vector<base::Ipv4>& addresses,
                                 const std::string& host,
                                 base::UnixMs now) const;

    const std::string& certificate() const noexcept { return certificate_; } ///< PEM

    static std::string certificate_file(const std::string& folder);

  private:
    std::string certificate_;
    base::Secret key_;
};

} // namespace serve
