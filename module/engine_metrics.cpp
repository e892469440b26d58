// SPDX-License-Identifier: MIT
// What the engine counts, told to Prometheus on a port of loopback.
#include "module/engine.hpp"
#include "module/metrics.hpp"

#include <algorithm>
#include <map>

namespace engine {
namespace {

void tell(Metrics& out, const pnp::Counters& sip) {
    out.counter("sip_datagrams", "Datagrams that came to the group.", sip.datagrams);
    out.family("sip_subscribes", "What became of the SUBSCRIBEs among them.", true);
    out.member("result", "understood", sip.subscribes);
    out.member("result", "repeated", sip.retransmissions);
    out.member("result", "malformed", sip.malformed);
    out.member("result", "not_ours", sip.not_ours);
    out.member("result", "nameless", sip.nameless);
    out.member("result", "foreign_source", sip.foreign_source);
    out.member("result", "over_the_limit", sip.table_full);
    out.member("result", "limited", sip.limited);
    out.counter("sip_kernel_drops", "Datagrams that came faster than they were read.",
                sip.kernel_drops);
    out.counter("sip_send_failures", "Datagrams that could not be sent.", sip.send_failures);
    out.counter("offers", "URLs sent to phones.", sip.offers);
    out.family("notifies", "How phones answered the NOTIFY with their URL.", true);
    out.member("result", "accepted", sip.notify_accepted);
    out.member("result", "failed", sip.notify_failed);
    out.counter("neighbour_mismatches", "Requests whose claimed MAC is not at their address.",
                sip.mismatches);
    out.gauge("phones_waiting", "Phones that wait to be approved or given an extension.", sip.held);
}

void tell(Metrics& out, const serve::HttpCounters& http) {
    out.counter("http_requests", "Well-formed HTTP requests.", http.requests);
    out.counter("http_bad_requests",
                "HTTP requests answered with 4xx and the end of the connection.",
                http.bad_requests);
    out.family("http_unavailable", "HTTP requests answered with 503.", true);
    out.member("reason", "rate", http.limited);
    out.member("reason", "overload", http.overloaded);
    out.gauge("http_connections", "Open connections to the file server.", http.open);
    out.gauge("firmware_downloads", "Files of firmware that are being sent.", http.downloads);
    out.counter("firmware_bytes", "Bytes of firmware that were sent.", http.file_bytes);
    out.family("http_connections_ended", "Connections that were closed or not taken in.", true);
    out.member("reason", "timeout", http.timeouts);
    out.member("reason", "made_room", http.evicted);
    out.member("reason", "refused", http.refused_connections);
    out.family("tls_handshakes", "Handshakes of HTTPS.", true);
    out.member("result", "done", http.handshakes);
    out.member("result", "failed", http.tls_failures);
}

void tell(Metrics& out, const serve::TftpCounters& tftp) {
    out.counter("tftp_requests", "Read requests by TFTP, without those that were repeated.",
                tftp.requests);
    out.family("tftp_transfers", "How transfers by TFTP ended.", true);
    out.member("result", "complete", tftp.complete);
    out.member("result", "timeout", tftp.timeouts);
    out.member("result", "aborted", tftp.aborted);
    out.member("result", "made_room", tftp.evicted);
    out.gauge("tftp_open", "Transfers by TFTP that are under way.", tftp.open);
    out.family("tftp_refusals", "Datagrams to TFTP that got an error or no answer.", true);
    out.member("reason", "not_found", tftp.not_found);
    out.member("reason", "write", tftp.writes);
    out.member("reason", "malformed", tftp.malformed);
    out.member("reason", "foreign", tftp.foreign);
    out.member("reason", "outside", tftp.outside);
    out.member("reason", "limited", tftp.limited);
    out.member("reason", "repeated", tftp.repeated);
}

void tell(Metrics& out, const serve::FileCounters& files) {
    out.family("files", "What requests for files came to.", true);
    out.member("result", "served", files.served);
    out.member("result", "missing", files.missing);
    out.member("result", "refused", files.refused);
    out.member("result", "stranger", files.strangers);
    out.family("file_refusals", "Why files were refused.", true);
    out.member("reason", "outside", files.outside);
    out.member("reason", "unapproved", files.unapproved);
    out.member("reason", "no_token", files.no_token);
    out.member("reason", "old_token", files.old_token);
    out.member("reason", "foreign_token", files.foreign_token);
    out.member("reason", "neighbour", files.neighbour);
    out.family("boots", "What requests for /boot, without a token, came to.", true);
    out.member("result", "served", files.boots);
    out.member("result", "refused", files.boots_refused);
    out.member("result", "guest", files.guests);
    out.counter("firmware_requests", "Requests for files of firmware, parts of them too.",
                files.firmware);
    out.counter("files_held", "Requests for files of sources that were shut out.", files.held);
}

void tell(Metrics& out, const WorkpointCounters& all) {
    const auto& service = all.service;
    out.family("wpi_messages", "Messages of OpenStage phones.", true);
    out.member("result", "read", service.messages);
    out.member("result", "malformed", service.malformed);
    out.counter("wpi_conversations", "Calls of OpenStage phones that were taken.",
                service.conversations);
    out.gauge("wpi_open", "Conversations with OpenStage phones that are open.", service.open);
    out.family("wpi_refusals", "Calls of OpenStage phones that were ended at once.", true);
    out.member("reason", "unapproved", service.unknown);
    out.member("reason", "other", service.refused - std::min(service.unknown, service.refused));
    out.member("reason", "overload", service.overload);
    out.member("reason", "no_conversation", service.lost);
    out.family("wpi_secrets", "Passwords for OpenStage phones.", true);
    out.member("result", "sent", service.secrets_sent);
    out.member("result", "withheld", service.secrets_withheld);
    out.family("wpi_contacts", "OpenStage phones that were asked to call.", true);
    out.member("result", "confirmed", all.contacts_confirmed);
    out.member("result", "failed", all.contacts_failed);
    out.member("result", "unheeded", all.contacts_unheeded);
    out.family("wpi_polls", "What OpenStage phones were told that asked for work.", true);
    out.member("answer", "call", all.polls_pending);
    out.member("answer", "nothing", all.polls_idle);
    out.member("answer", "refused", all.polls_refused);
    out.gauge("wpi_jobs", "Jobs that wait for the next call of an OpenStage phone.",
              all.jobs_waiting);
    out.gauge("wpi_connections", "Open connections of OpenStage phones.", all.http.open);
    out.family("wpi_handshakes", "Handshakes of TLS with OpenStage phones.", true);
    out.member("result", "done", all.http.handshakes);
    out.member("result", "failed", all.http.tls_failures);
}

void tell(Metrics& out, const std::vector<serve::Files::Penalty>& penalties) {
    const auto [slowed, shut_out] = serve::Files::count(penalties);
    out.family("penalties", "Sources and phones that ask in vain too often.", false);
    out.member("standing", "slowed", slowed);
    out.member("standing", "shut_out", shut_out);
}

void tell(Metrics& out, const inventory::Snapshot& now) {
    std::map<std::string_view, std::uint64_t> by_state;
    for (const auto* device : now.devices()) {
        ++by_state[device->state()];
    }
    out.family("devices", "Phones by their state, as in `show devices`.", false);
    for (const auto& [state, count] : by_state) {
        out.member("state", state, count);
    }
    out.gauge("extensions", "Extensions of our own.", now.extensions().size());
}

void tell(Metrics& out, const inventory::Counters& store) {
    out.counter("strangers_dropped", "Unapproved phones forgotten over max_heard.",
                store.strangers_dropped);
    out.counter("events_dropped", "Steps of timelines lost before they were written.",
                store.events_dropped);
    out.counter("flush_failures", "Times the timeline could not be written.", store.flush_failures);
}

} // namespace

std::string metrics(const Counted& counted) {
    Metrics out;
    out.family("build_info", "The version that runs.", false);
    out.member("version", PNP_VERSION, 1);
    tell(out, counted.sip);
    tell(out, counted.http);
    tell(out, counted.tftp);
    tell(out, counted.files);
    tell(out, counted.workpoints);
    tell(out, counted.penalties);
    tell(out, counted.now);
    tell(out, counted.store);
    return std::move(out).text();
}

/// On a worker.
serve::Response Engine::answer_admin(const serve::Request& request) const {
    serve::Response response;
    if (request.path != "/metrics") {
        return response;
    }
    response.status = 200;
    response.content_type = Metrics::content_type;
    response.body = std::make_shared<const std::string>(
        metrics({pnp_->counters(), http_->counters(), tftp_->counters(), files_->counters(),
                 workpoints_->counters(), penalties(), inventory_->now(), inventory_->counters()}));
    return response;
}

} // namespace engine
