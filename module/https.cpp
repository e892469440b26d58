// SPDX-License-Identifier: MIT
#include "module/https.hpp"

#include "provisioning/base/answer.hpp"
#include "provisioning/base/log.hpp"

#include <algorithm>
#include <array>
#include <exception>

#include <unistd.h>

namespace engine {

using base::Errc;
using base::fail;

namespace log = base::log;

namespace {

constexpr base::UnixMs day = 86'400'000;
constexpr base::UnixMs warned_before = 30 * day;

std::string host_name() {
    std::array<char, 256> name{};
    ::gethostname(name.data(), name.size() - 1);
    return name.data();
}

serve::TlsReach reach_of(Https::Workpoints clients) {
    if (clients == Https::Workpoints::legacy) {
        return {true, "it speaks nothing newer than SSL 3: it needs newer firmware"};
    }
    return {false, "set wpi_tls_legacy = on, or give it newer firmware"};
}

/// Two thirds of its life are over: a phone that is away for months still finds a valid one. Or it
/// is not valid yet: our clock was ahead when it was made.
bool is_to_be_renewed(const serve::CertificateFacts& facts, base::UnixMs now) {
    return now < facts.not_before ||
           now > facts.not_before + (facts.not_after - facts.not_before) / 3 * 2;
}

} // namespace

Https::Https(base::Loop& loop, const base::Clock& clock, std::string folder, Ready ready)
    : loop_(loop), clock_(clock), folder_(std::move(folder)), ready_(std::move(ready)) {}

base::Status Https::check(const Wanted& wanted, base::UnixMs now) {
    if (wanted.certificate_file.empty()) {
        return {};
    }
    const auto identity = serve::read_identity(wanted.certificate_file, wanted.key_file, now);
    if (!identity) {
        return tl::unexpected(identity.error());
    }
    const auto context = serve::TlsContext::make(*identity);
    return context ? base::Status{} : base::Status(tl::unexpected(context.error()));
}

bool Https::will_do(const Wanted& wanted) const {
    const std::lock_guard hold(lock_);
    if (!made_ || problem_ || made_->file != wanted.certificate_file ||
        wanted_.key_file != wanted.key_file || made_->workpoints != wanted.workpoints) {
        return false;
    }
    // Ours is made again for an address that it does not name; one that it names besides is no
    // harm.
    return !made_->file.empty() ||
           (!is_to_be_renewed(made_->facts, clock_.unix_ms()) &&
            std::all_of(wanted.addresses.begin(), wanted.addresses.end(), [&](base::Ipv4 address) {
                const auto& names = made_->facts.names;
                return std::find(names.begin(), names.end(), address.str()) != names.end();
            }));
}

void Https::want(Wanted wanted, bool again) {
    const bool nothing_new = !again && will_do(wanted);
    wanted_ = std::move(wanted);
    if (!nothing_new && (!wanted_.addresses.empty() || !wanted_.certificate_file.empty())) {
        make();
    }
}

void Https::look_at_the_clock() {
    if (!making_ && !wanted_.addresses.empty() && wanted_.certificate_file.empty() &&
        !will_do(wanted_)) {
        make();
    }
}

void Https::make() {
    if (making_) {
        again_ = true;
        return;
    }
    const auto result =
        std::make_shared<base::Result<Made>>(fail(Errc::io, "there is no memory left"));
    loop_.work([this, wanted = wanted_, result] {
        try {
            *result = make(wanted, folder_, clock_.unix_ms());
        } catch (const std::exception&) { // no memory: it is tried again
        }
        base::answer(loop_, [this, result] { made(std::move(*result)); });
    });
    making_ = true;
}

base::Result<Https::Made>
Https::make(const Wanted& wanted, const std::string& folder, base::UnixMs now) {
    Made made;
    base::Result<serve::Identity> identity;
    if (wanted.certificate_file.empty()) {
        const auto authority = serve::Authority::open(folder, now);
        if (!authority) {
            return tl::unexpected(authority.error());
        }
        made.authority = authority->certificate();
        const auto facts = serve::read_certificate(made.authority);
        if (!facts) {
            return tl::unexpected(facts.error());
        }
        made.authority_begins = facts->not_before;
        identity = authority->issue(wanted.addresses, host_name(), now);
    } else {
        identity = serve::read_identity(wanted.certificate_file, wanted.key_file, now);
    }
    if (!identity) {
        return tl::unexpected(identity.error());
    }
    auto context = serve::TlsContext::make(*identity);
    if (!context) {
        return tl::unexpected(context.error());
    }
    made.workpoints = wanted.workpoints;
    if (wanted.workpoints != Workpoints::none) {
        auto for_workpoints = serve::TlsContext::make(*identity, reach_of(wanted.workpoints));
        if (!for_workpoints) {
            return tl::unexpected(for_workpoints.error());
        }
        made.contexts.workpoints = std::move(*for_workpoints);
    }
    auto facts = serve::read_certificate(identity->certificates);
    if (!facts) {
        return tl::unexpected(facts.error());
    }
    made.file = wanted.certificate_file;
    made.contexts.files = std::move(*context);
    made.facts = std::move(*facts);
    return made;
}

void Https::made(base::Result<Made> result) {
    making_ = false;
    Contexts contexts;
    {
        const std::lock_guard hold(lock_);
        if (result) {
            contexts = result->contexts;
            log::info("engine", "HTTPS has a certificate of {} with the fingerprint {}",
                      result->facts.issuer, result->facts.fingerprint);
            made_ = std::move(*result);
            problem_.reset();
        } else {
            problem_ = "HTTPS: " + result.error().what;
        }
    }
    if (std::exchange(again_, false)) {
        make();
    }
    if (contexts.files) {
        ready_(contexts); // may want another
    }
}

std::optional<std::string> Https::problem() const {
    const std::lock_guard hold(lock_);
    if (!problem_ && made_ && !made_->file.empty() &&
        clock_.unix_ms() > made_->facts.not_after - warned_before) {
        return fmt::format(
            "HTTPS: the certificate in {} {}; put a new one there and `pnp reload`", made_->file,
            clock_.unix_ms() > made_->facts.not_after ? "has expired" : "expires within 30 days");
    }
    if (!problem_ && made_ && clock_.unix_ms() < made_->authority_begins) {
        return fmt::format("HTTPS: phones refuse our CA, which is not valid yet: either this clock "
                           "is behind, or it was ahead when {} was made; set it right, or move "
                           "pnp-ca.crt and pnp-ca.key away and `pnp reload` to have a new CA, "
                           "which phones then have to be given",
                           serve::Authority::certificate_file(folder_));
    }
    return problem_;
}

/// Under the lock.
tl::unexpected<base::Error> Https::none_yet() const {
    return fail(Errc::not_found, "{}",
                problem_ ? *problem_
                         : "there is none yet: it is made as soon as an address is served; see "
                           "`pnp status`");
}

base::Result<admin::Reach::Certificate> Https::certificate() const {
    const std::lock_guard hold(lock_);
    if (!made_) {
        return none_yet();
    }
    return admin::Reach::Certificate{
        made_->facts, made_->file,
        made_->authority.empty() ? "" : serve::Authority::certificate_file(folder_)};
}

base::Result<std::string> Https::authority() const {
    const std::lock_guard hold(lock_);
    if (!made_) {
        return none_yet();
    }
    if (made_->authority.empty()) {
        return fail(Errc::not_found,
                    "the certificate is your own, of {}: phones need that CA's certificate",
                    made_->facts.issuer);
    }
    return made_->authority;
}

} // namespace engine
