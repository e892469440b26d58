// SPDX-License-Identifier: MIT
#include "provisioning/serve/tftp_packet.hpp"

#include "provisioning/base/text.hpp"

#include <algorithm>

namespace serve {
namespace {

using base::Errc;
using base::fail;

constexpr std::uint64_t least_block = 8;
constexpr std::uint64_t most_block = 65464; // RFC 2348: 65535 less IP, UDP and our header
constexpr std::uint64_t most_timeout = 255;

std::uint16_t number_at(std::string_view bytes, std::size_t at) noexcept {
    const auto octet = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
    return static_cast<std::uint16_t>(octet(at) << 8U | octet(at + 1));
}

void put_number(std::string& out, std::uint16_t number) {
    out += static_cast<char>(number >> 8U);
    out += static_cast<char>(number & 0xFFU);
}

/// Takes the next string off, which ends with a NUL; nothing where there is no NUL.
std::optional<std::string_view> take_string(std::string_view& rest) noexcept {
    const auto end = rest.find('\0');
    if (end == std::string_view::npos) {
        return std::nullopt;
    }
    const auto string = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    return string;
}

std::optional<std::uint64_t>
bounded(std::string_view value, std::uint64_t least, std::uint64_t most) noexcept {
    const auto number = base::parse_number(value);
    return number && *number >= least && *number <= most ? number : std::nullopt;
}

void take_option(TftpRead& read, std::string_view name, std::string_view value) {
    const auto option = base::lower(name); // RFC 2347: case does not matter
    if (option == "blksize" && !read.block_size) {
        if (const auto size = bounded(value, least_block, most_block)) {
            read.block_size = static_cast<std::size_t>(*size);
        }
    } else if (option == "timeout" && !read.timeout) {
        if (const auto seconds = bounded(value, 1, most_timeout)) {
            read.timeout = std::chrono::seconds(*seconds);
        }
    } else if (option == "tsize" && base::parse_number(value)) {
        read.wants_size = true; // a read request says 0, and any number asks for the same
    }
}

} // namespace

std::optional<TftpOpcode> tftp_opcode(std::string_view datagram) noexcept {
    if (datagram.size() < 2) {
        return std::nullopt;
    }
    const auto code = number_at(datagram, 0);
    return code >= 1 && code <= 6 ? std::optional(static_cast<TftpOpcode>(code)) : std::nullopt;
}

base::Result<TftpRead> read_tftp_read(std::string_view datagram) {
    if (tftp_opcode(datagram) != TftpOpcode::rrq) {
        return fail(Errc::not_ours, "no read request");
    }
    if (datagram.size() > tftp_most_request) {
        return fail(Errc::malformed, "a request of more than {} octets", tftp_most_request);
    }
    auto rest = datagram.substr(2);
    const auto name = take_string(rest);
    const auto mode = take_string(rest);
    if (!name || !mode) {
        return fail(Errc::truncated, "a request without the NUL behind its name and its mode");
    }
    TftpRead read;
    read.name = *name;
    const auto word = base::lower(*mode); // RFC 1350 section 5: in any case
    if (word != "octet" && word != "netascii") {
        return fail(Errc::malformed, "mode {} instead of octet or netascii",
                    base::printable(*mode, 20));
    }
    read.netascii = word == "netascii";
    while (!rest.empty()) {
        const auto option = take_string(rest);
        const auto value = take_string(rest);
        if (!option || !value) {
            break; // clients put all kinds of things behind a request: what is whole counts
        }
        take_option(read, *option, *value);
    }
    return read;
}

std::optional<std::uint16_t> read_tftp_ack(std::string_view datagram) noexcept {
    if (datagram.size() < tftp_header || tftp_opcode(datagram) != TftpOpcode::ack) {
        return std::nullopt;
    }
    return number_at(datagram, 2);
}

base::Result<std::string> clean_tftp_name(std::string_view name) {
    if (name.size() > tftp_most_name) {
        return fail(Errc::malformed, "a name of more than {} octets", tftp_most_name);
    }
    name.remove_prefix(std::min(name.find_first_not_of('/'), name.size()));
    if (name.empty()) {
        return fail(Errc::malformed, "no name");
    }
    if (name.find("..") != std::string_view::npos ||
        !std::all_of(name.begin(), name.end(),
                     [](char c) { return c > ' ' && c <= '~' && c != '\\'; })) {
        return fail(Errc::malformed, "a name with \"..\", a backslash, or what is not printable");
    }
    return std::string(name);
}

std::string to_netascii(std::string_view text) {
    std::string out;
    out.reserve(text.size() + text.size() / 16);
    for (const char c : text) {
        if (c == '\n') {
            out += "\r\n";
        } else if (c == '\r') {
            out.append("\r\0", 2);
        } else {
            out += c;
        }
    }
    return out;
}

std::string write_tftp_data(std::uint16_t block, std::string_view octets) {
    std::string out;
    out.reserve(tftp_header + octets.size());
    put_number(out, static_cast<std::uint16_t>(TftpOpcode::data));
    put_number(out, block);
    out += octets;
    return out;
}

std::string write_tftp_oack(const std::vector<std::pair<std::string, std::string>>& options) {
    std::string out;
    put_number(out, static_cast<std::uint16_t>(TftpOpcode::oack));
    for (const auto& [name, value] : options) {
        out += name;
        out += '\0';
        out += value;
        out += '\0';
    }
    return out;
}

std::string write_tftp_error(TftpError code) {
    std::string out;
    put_number(out, static_cast<std::uint16_t>(TftpOpcode::error));
    put_number(out, static_cast<std::uint16_t>(code));
    switch (code) { // the words of RFC 1350 appendix I
    case TftpError::not_found:
        out += "File not found";
        break;
    case TftpError::access_violation:
        out += "Access violation";
        break;
    case TftpError::illegal_operation:
        out += "Illegal TFTP operation";
        break;
    case TftpError::unknown_transfer_id:
        out += "Unknown transfer ID";
        break;
    }
    out += '\0';
    return out;
}

} // namespace serve
