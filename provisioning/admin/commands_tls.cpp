// SPDX-License-Identifier: MIT
// The commands about HTTPS: show certificate, show ca.
#include "provisioning/admin/command.hpp"
#include "provisioning/admin/tell.hpp"

#include <fmt/format.h>

namespace admin {
namespace {

Reply no_https() {
    return refused("HTTPS is off; set https_port in pnp.conf to have it.");
}

/// With its date, which local_time leaves out of what is near.
std::string dated(base::UnixMs at) {
    constexpr base::UnixMs days = base::UnixMs{2} * 86'400'000;
    return local_time(at, at + days);
}

} // namespace

Reply run_show_certificate(Call& call) {
    if (!call.reach.certificate) {
        return no_https();
    }
    const auto found = call.reach.certificate();
    if (!found) {
        return refused(found.error());
    }
    const auto& facts = found->facts;
    std::string text =
        fmt::format("subject      {}\n"
                    "issuer       {}\n"
                    "SHA-256      {}\n"
                    "valid        {} to {}\n"
                    "names        {}\n",
                    facts.subject, facts.issuer, facts.fingerprint, dated(facts.not_before),
                    dated(facts.not_after), listed(facts.names));
    text += found->authority_file.empty()
                ? fmt::format("from         {}\n", found->file)
                : fmt::format("CA           {}: install it on the phones that are to check "
                              "certificates\n",
                              found->authority_file);
    auto json = base::Json::object({{"subject", facts.subject},
                                    {"issuer", facts.issuer},
                                    {"sha256", facts.fingerprint},
                                    {"names", json_list(facts.names)},
                                    {"file", found->file},
                                    {"ca_file", found->authority_file}});
    set_time(json, "not_before", facts.not_before);
    set_time(json, "not_after", facts.not_after);
    return done(std::move(text), std::move(json));
}

Reply run_show_ca(Call& call) {
    if (!call.reach.authority) {
        return no_https();
    }
    const auto pem = call.reach.authority();
    if (!pem) {
        return refused(pem.error());
    }
    return done(*pem, base::Json::object({{"pem", *pem}}));
}

} // namespace admin
