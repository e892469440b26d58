// SPDX-License-Identifier: MIT
#include "provisioning/serve/tftp_transfer.hpp"

#include <algorithm>
#include <utility>

namespace serve {

TftpTransfer::TftpTransfer(std::shared_ptr<const std::string> octets,
                           const TftpRead& asked,
                           std::size_t most_block,
                           const TftpPatience& patience,
                           base::Steady now)
    : octets_(std::move(octets)), patience_(patience), end_(now + patience.whole),
      wait_(patience.timeout) {
    if (agree(asked, most_block)) {
        if (learns_) { // atftp 0.8 gives up where an OACK comes a second time
            wait_ *= 4;
        }
        wait_for_ack(now);
    } else {
        next(now);
    }
}

/// Whether there is an OACK to send. An answer to options is no longer than the question.
bool TftpTransfer::agree(const TftpRead& asked, std::size_t most_block) {
    std::vector<std::pair<std::string, std::string>> options;
    if (asked.block_size) {
        block_size_ = std::min(*asked.block_size, most_block);
        options.emplace_back("blksize", std::to_string(block_size_));
    }
    if (asked.timeout && *asked.timeout <= most_timeout) {
        patience_.timeout = *asked.timeout;
        wait_ = patience_.timeout;
        learns_ = false;
        options.emplace_back("timeout", std::to_string(asked.timeout->count()));
    }
    // What netascii makes of a file is longer than the file that the client ends up with.
    if (asked.wants_size && !asked.netascii) {
        options.emplace_back("tsize", std::to_string(octets_->size()));
    }
    if (options.empty()) {
        return false;
    }
    packet_ = write_tftp_oack(options);
    return true;
}

void TftpTransfer::next(base::Steady now) {
    const auto octets = std::string_view(*octets_).substr(offset_, block_size_);
    offset_ += octets.size();
    last_ = octets.size() < block_size_; // also where nothing is left: an empty block ends it
    packet_ = write_tftp_data(++block_, octets);
    wait_for_ack(now);
}

void TftpTransfer::wait_for_ack(base::Steady now) {
    repeated_ = 0;
    sent_ = now;
    deadline_ = now + wait_;
}

/// RFC 6298 section 3 (Karn): an ACK of what was sent twice does not tell which of both it is for,
/// so the longer wait stays.
void TftpTransfer::learn(base::Duration took) {
    if (!learns_) {
        wait_ = patience_.timeout;
    } else if (repeated_ == 0) {
        const auto least = std::min(patience_.shortest, patience_.timeout);
        wait_ = std::clamp<base::Duration>(4 * took, least, patience_.longest);
    }
}

TftpTransfer::Step TftpTransfer::heard(std::string_view datagram, base::Steady now) {
    if (tftp_opcode(datagram) == TftpOpcode::error) {
        return Step::refused;
    }
    const auto ack = read_tftp_ack(datagram);
    // RFC 1123 4.2.3.1: an ACK that came twice must not make us send twice, or every packet from
    // there on travels twice (the Sorcerer's Apprentice). Only our timer repeats.
    if (!ack || *ack != block_) {
        return Step::wait;
    }
    acknowledged_ = true;
    if (last_) {
        return Step::complete;
    }
    if (now >= end_) {
        return Step::given_up;
    }
    learn(now - sent_);
    next(now);
    return Step::send;
}

TftpTransfer::Step TftpTransfer::due(base::Steady now) {
    if (now < deadline_) {
        return Step::wait;
    }
    const auto most = acknowledged_ ? patience_.repeats : patience_.unproven_repeats;
    if (repeated_ >= most || now >= end_) {
        return Step::given_up;
    }
    ++repeated_;
    wait_ = std::min<base::Duration>(2 * wait_, std::max(patience_.longest, patience_.timeout));
    deadline_ = now + wait_;
    return Step::send;
}

} // namespace serve
