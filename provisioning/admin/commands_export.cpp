// SPDX-License-Identifier: MIT
// The commands that write files for others: export tftp, export sdcard.
#include "provisioning/admin/command.hpp"
#include "provisioning/admin/request.hpp"
#include "provisioning/base/log.hpp"

namespace admin {
namespace {

base::Result<std::optional<base::Ipv4>> proxy_host_of(const Call& call) {
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

/// pnpctl writes as its user and says what came of it; a console of the PBX has us write.
Reply deliver(const Call& call,
              std::vector<serve::Files::PublicFile> files,
              const std::string& folder,
              base::Readers readers) {
    Reply reply;
    auto list = base::Json::array();
    for (auto& file : files) {
        list.push(base::Json::object({{"name", file.name}, {"text", file.text}}));
        reply.files.push_back({std::move(file.name), std::move(file.text)});
    }
    reply.json = base::Json::object({{"files", std::move(list)}});
    if (!call.caller.over_socket) {
        auto written = base::write_new_files(folder, reply.files, readers, call.has("--replace"));
        if (!written) {
            return refused(written.error());
        }
        reply.text = std::move(*written);
    }
    return reply;
}

} // namespace

Reply run_export_tftp(Call& call) {
    const auto host = proxy_host_of(call);
    if (!host) {
        return misunderstood(host.error().what);
    }
    if (!call.reach.public_files) {
        return refused("no files are served here");
    }
    auto files = call.reach.public_files(*host);
    return files ? deliver(call, std::move(*files), call.places[0], base::Readers::all)
                 : refused(files.error());
}

Reply run_export_sdcard(Call& call) {
    const auto mac = read_mac(call.places[0]);
    const auto host = proxy_host_of(call);
    if (!mac || !host) {
        return misunderstood((mac ? host.error() : mac.error()).what);
    }
    if (!call.reach.card_file) {
        return refused("no files are served here");
    }
    auto file = call.reach.card_file(*mac, *host);
    if (!file) {
        return refused(file.error());
    }
    base::log::warn("admin", "{} took the URL of {} for a memory card", call.caller.actor,
                    mac->str());
    return deliver(call, {std::move(*file)}, call.places[1], base::Readers::owner);
}

} // namespace admin
