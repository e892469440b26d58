// SPDX-License-Identifier: MIT
// The commands that write files for others: export tftp.
#include "provisioning/admin/command.hpp"

namespace admin {
namespace {

base::Result<std::optional<base::Ipv4>> host_of(const Call& call) {
    if (!call.has("--host")) {
        return std::nullopt;
    }
    const auto text = call.options.at("--host");
    const auto host = base::Ipv4::parse(text);
    if (!host) {
        return base::fail(base::Errc::malformed,
                          "--host {} is no IPv4 address; write one such as 192.168.1.10", text);
    }
    return host;
}

} // namespace

Reply run_export_tftp(Call& call) {
    const auto host = host_of(call);
    if (!host) {
        return misunderstood(host.error().what);
    }
    if (!call.reach.public_files) {
        return refused("no files are served here");
    }
    auto files = call.reach.public_files(*host);
    if (!files) {
        return refused(files.error());
    }
    Reply reply;
    auto list = base::Json::array();
    for (auto& file : *files) {
        list.push(base::Json::object({{"name", file.name}, {"text", file.text}}));
        reply.files.push_back({std::move(file.name), std::move(file.text)});
    }
    reply.json = base::Json::object({{"files", std::move(list)}});
    if (!call.caller.over_socket) { // pnpctl writes as its user and says what came of it
        auto written = base::write_new_files(call.places[0], reply.files, call.has("--replace"));
        if (!written) {
            return refused(written.error());
        }
        reply.text = std::move(*written);
    }
    return reply;
}

} // namespace admin
