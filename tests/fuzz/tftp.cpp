// SPDX-License-Identifier: MIT
// Any bytes as a datagram to the TFTP server's port and to a transfer: whatever is agreed to stays
// within the RFCs, and a transfer never sends what it should not.
// rooms: serve
#include "provisioning/serve/tftp_transfer.hpp"
#include "tests/fuzz/demand.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace {

using Step = serve::TftpTransfer::Step;

void look_at_name(std::string_view text) {
    const auto name = serve::clean_tftp_name(text);
    if (!name) {
        return;
    }
    demand(!name->empty() && name->size() <= serve::tftp_most_name && name->front() != '/');
    demand(name->find("..") == std::string::npos);
    for (const char c : *name) {
        demand(c > ' ' && c <= '~' && c != '\\');
    }
}

/// The transfer that comes of a request, to a client that sends the same bytes, then all ACKs.
void transfer(const serve::TftpRead& read, std::string_view bytes) {
    const auto file = std::make_shared<const std::string>(600, 'x');
    base::FakeClock clock;
    serve::TftpTransfer transfer(file, read, 1468, {}, clock.now());
    demand(transfer.packet().size() <= serve::tftp_header + 1468);
    demand(transfer.heard(bytes, clock.now()) == Step::wait); // a request is no ACK
    unsigned block = serve::tftp_opcode(transfer.packet()) == serve::TftpOpcode::oack ? 0 : 1;
    std::size_t sent = 0;
    for (auto step = Step::send; step == Step::send; ++block) {
        sent += block == 0 ? 0 : transfer.packet().size() - serve::tftp_header;
        const std::string ack = {'\0', '\4', static_cast<char>(block >> 8U),
                                 static_cast<char>(block & 0xFFU)};
        step = transfer.heard(ack, clock.now());
        demand(step == Step::send || step == Step::complete);
    }
    demand(sent == file->size());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    look_at_name(bytes);
    const auto ack = serve::read_tftp_ack(bytes);
    demand(!ack || serve::tftp_opcode(bytes) == serve::TftpOpcode::ack);
    const auto netascii = serve::to_netascii(bytes);
    demand(netascii.size() >= size && netascii.size() <= 2 * size);
    const auto read = serve::read_tftp_read(bytes);
    if (!read) {
        demand(!read.error().what.empty());
        return 0;
    }
    demand(size <= serve::tftp_most_request);
    demand(!read->block_size || (*read->block_size >= 8 && *read->block_size <= 65464));
    demand(!read->timeout || (read->timeout->count() >= 1 && read->timeout->count() <= 255));
    look_at_name(read->name);
    transfer(*read, bytes);
    return 0;
}
