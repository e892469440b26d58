// SPDX-License-Identifier: MIT
// The control socket: one request a connection, read on the loop, carried out on a worker.
#include "provisioning/admin/control.hpp"

#include "provisioning/admin/listening.hpp"
#include "provisioning/admin/request.hpp"
#include "provisioning/base/answer.hpp"
#include "provisioning/base/log.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <new>
#include <set>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>

#include <sys/socket.h>
#include <unistd.h>

namespace admin {
namespace {

namespace asio = boost::asio;
using Socket = asio::local::stream_protocol::socket;

constexpr auto pause_without_descriptors = std::chrono::seconds(1);

/// Bytes that may hold a password: never moved by growing, and wiped when dropped.
class WipedBytes {
  public:
    WipedBytes() = default;

    explicit WipedBytes(std::size_t size) : bytes_(size) {}

    WipedBytes(const WipedBytes&) = delete;
    WipedBytes& operator=(const WipedBytes&) = delete;
    WipedBytes(WipedBytes&& other) noexcept = default;

    WipedBytes& operator=(WipedBytes&& other) noexcept {
        wipe();
        bytes_ = std::move(other.bytes_);
        return *this;
    }

    ~WipedBytes() { wipe(); }

    char* data() noexcept { return bytes_.data(); }

    std::size_t size() const noexcept { return bytes_.size(); }

    std::string_view view(std::size_t length) const noexcept { return {bytes_.data(), length}; }

  private:
    void wipe() noexcept {
        if (!bytes_.empty()) {
            ::explicit_bzero(bytes_.data(), bytes_.size());
        }
    }

    std::vector<char> bytes_;
};

void wipe(std::vector<std::string>& words) noexcept {
    for (std::string& word : words) {
        ::explicit_bzero(word.data(), word.size());
    }
}

/// Who is at the other end, as the kernel knows it.
std::string peer_of(int fd) {
    ucred peer{};
    socklen_t size = sizeof peer;
    if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
        return "uid unknown";
    }
    return fmt::format("uid {}", peer.uid);
}

} // namespace

struct Control::State : std::enable_shared_from_this<State> {
    class Connection;

    State(base::Loop& loop_in, std::shared_ptr<Commands> commands_in, ControlLimits limits_in)
        : loop(loop_in), commands(std::move(commands_in)), limits(limits_in), resume(loop_in) {}

    void accept();
    void take(int fd);
    void watch_listening();
    void pause();
    void close();

    base::Loop& loop;
    std::shared_ptr<Commands> commands;
    const ControlLimits limits;
    Listening listening;
    std::unique_ptr<base::Watch> watch;
    base::Timer resume;
    std::set<std::shared_ptr<Connection>> connections;
};

/// One request and its reply. Everything but the command itself happens on the loop thread.
class Control::State::Connection : public std::enable_shared_from_this<Connection> {
  public:
    Connection(State& control, std::string actor)
        : control_(control.weak_from_this()), loop_(control.loop), limits_(control.limits),
          actor_(std::move(actor)), socket_(control.loop.context()), timer_(control.loop),
          line_(max_request_line) {}

    /// Takes the descriptor; false, and it stays the caller's, when the loop has no room for it.
    bool adopt(int fd) {
        boost::system::error_code error;
        socket_.assign(asio::local::stream_protocol(), fd, error);
        return !error;
    }

    void start() {
        or_end([this] {
            timer_.after(limits_.request_deadline, [weak = weak_from_this()] {
                if (const auto self = weak.lock()) {
                    self->end();
                }
            });
            read_line();
        });
    }

    void refuse(const std::string& why) { reply({2, why + "\n", {}}); }

    void end() {
        timer_.cancel();
        boost::system::error_code ignored;
        socket_.close(ignored);
        if (const auto control = control_.lock()) {
            control->connections.erase(shared_from_this());
        }
    }

  private:
    /// Without memory it ends, or its caller would wait for ever.
    template <class Step> void or_end(const Step& step) {
        try {
            step();
        } catch (const std::bad_alloc&) {
            end();
            throw;
        }
    }

    void read_line() {
        if (got_ == line_.size()) {
            refuse(fmt::format("the request's first line has more than {} bytes", line_.size()));
            return;
        }
        read_some(line_.data() + got_, line_.size() - got_, [](Connection& self, std::size_t more) {
            const std::size_t before = self.got_;
            self.got_ += more;
            const std::string_view all = self.line_.view(self.got_);
            const auto end = all.find('\n', before);
            if (end == std::string_view::npos) {
                self.read_line();
            } else {
                self.take_line(end);
            }
        });
    }

    void take_line(std::size_t end) {
        auto request = read_request_line(line_.view(end));
        const std::string_view behind = line_.view(got_).substr(end + 1);
        if (request && behind.size() > request->input_bytes) {
            request = base::fail(base::Errc::malformed, "more input than input_bytes says");
        }
        if (request && request->input_bytes > limits_.input_bytes) {
            request =
                base::fail(base::Errc::refused, "input of more than {} bytes", limits_.input_bytes);
        }
        if (!request) {
            refuse(request.error().what);
            return;
        }
        request_ = std::move(*request);
        input_ = WipedBytes(request_.input_bytes);
        std::copy(behind.begin(), behind.end(), input_.data());
        got_ = behind.size();
        line_ = WipedBytes();
        read_input();
    }

    void read_input() {
        if (got_ == input_.size()) {
            run();
            return;
        }
        read_some(input_.data() + got_, input_.size() - got_,
                  [](Connection& self, std::size_t more) {
                      self.got_ += more;
                      self.read_input();
                  });
    }

    /// Reads once and goes on with `next`; a caller that went away, or fell silent, is forgotten.
    void read_some(char* to, std::size_t most, void (*next)(Connection&, std::size_t)) {
        socket_.async_read_some(
            asio::buffer(to, most),
            [self = shared_from_this(), next](boost::system::error_code error, std::size_t more) {
                if (error) {
                    self->end();
                } else {
                    self->or_end([&] { next(*self, more); });
                }
            });
    }

    void run() {
        const auto control = control_.lock();
        if (!control) {
            end();
            return;
        }
        auto caller = std::make_shared<Caller>(
            Caller{actor_, base::Secret(input_.view(input_.size())), true, limits_.only});
        auto answer = std::make_shared<Reply>(Reply{1, "out of memory\n", {}});
        input_ = WipedBytes();
        // The worker holds the command's words and no socket: that one belongs to the loop.
        loop_.work([commands = control->commands, caller, answer, words = std::move(request_.words),
                    weak = weak_from_this(), &loop = loop_]() mutable {
            try {
                *answer = commands->run(words, *caller);
            } catch (const std::bad_alloc&) { // the caller hears of it all the same
            }
            wipe(words);
            base::answer(loop, [answer, weak] {
                if (const auto self = weak.lock()) {
                    self->or_end([&] { self->reply(std::move(*answer)); });
                }
            });
        });
        timer_.cancel(); // a command takes as long as it takes
    }

    void reply(Reply answer) {
        line_ = WipedBytes();
        text_ = std::move(answer.text);
        auto head = base::Json::object(
            {{"status", answer.status}, {"text_bytes", static_cast<std::uint64_t>(text_.size())}});
        if (!answer.files.empty()) {
            head.set("files", follow(answer.files));
        }
        head_ = head.dump() + "\n";
        timer_.after(limits_.reply_deadline, [weak = weak_from_this()] {
            if (const auto self = weak.lock()) {
                self->end();
            }
        });
        const std::array<asio::const_buffer, 2> both{asio::buffer(head_), asio::buffer(text_)};
        asio::async_write(socket_, both,
                          [self = shared_from_this()](boost::system::error_code, std::size_t) {
                              // A revealed password may stand in it.
                              ::explicit_bzero(self->text_.data(), self->text_.size());
                              self->text_ = std::string(); // a long list's memory is not kept
                              self->end();
                          });
    }

    /// Their contents go behind the text.
    base::Json follow(const std::vector<base::NewFile>& files) {
        auto list = base::Json::array();
        for (const auto& file : files) {
            list.push(base::Json::object(
                {{"name", file.name}, {"bytes", static_cast<std::uint64_t>(file.text.size())}}));
            text_ += file.text;
        }
        return list;
    }

    std::weak_ptr<State> control_;
    base::Loop& loop_;
    const ControlLimits limits_;
    std::string actor_;
    Socket socket_;
    base::Timer timer_;
    WipedBytes line_;
    WipedBytes input_;
    std::size_t got_ = 0; ///< bytes in line_, then in input_
    RequestLine request_;
    std::string head_;
    std::string text_;
};

void Control::State::accept() {
    // accept4 and not Asio's: the host forks, and Asio sets close-on-exec a moment too late.
    while (true) {
        const int fd = ::accept4(listening.fd(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0 && (errno == EINTR || errno == ECONNABORTED)) {
            continue;
        }
        if (fd < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            return;
        }
        if (fd < 0) {
            // Out of descriptors: the caller stays in the queue, and would wake us without end.
            base::log::warn("admin", "a command cannot be taken: {}",
                            std::system_category().message(errno));
            loop.post([weak = weak_from_this()] {
                if (const auto state = weak.lock()) {
                    state->pause();
                }
            });
            return;
        }
        take(fd);
    }
}

void Control::State::take(int fd) {
    if (connections.size() >= limits.connections) {
        const base::Fd closed(fd);
        constexpr std::string_view text = "too many commands run now; try again later\n";
        const std::string busy =
            fmt::format("{{\"status\":1,\"text_bytes\":{}}}\n{}", text.size(), text);
        [[maybe_unused]] const auto sent =
            ::send(fd, busy.data(), busy.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        return;
    }
    std::shared_ptr<Connection> connection;
    try {
        connection = std::make_shared<Connection>(*this, peer_of(fd));
    } catch (const std::bad_alloc&) {
        const base::Fd closed(fd); // or its caller would wait for ever
        throw;
    }
    if (!connection->adopt(fd)) {
        const base::Fd closed(fd);
        return;
    }
    connections.insert(connection);
    connection->start();
}

void Control::State::watch_listening() {
    watch.reset();
    watch = std::make_unique<base::Watch>(loop, listening.fd(), [weak = weak_from_this()] {
        if (const auto state = weak.lock()) {
            state->accept();
        }
    });
}

void Control::State::pause() {
    watch.reset();
    resume.after(pause_without_descriptors, [weak = weak_from_this()] {
        if (const auto state = weak.lock(); state && state->listening) {
            state->watch_listening();
        }
    });
}

void Control::State::close() {
    resume.cancel();
    watch.reset();
    listening = Listening();
    const auto open = std::exchange(connections, {});
    for (const auto& connection : open) {
        connection->end();
    }
}

Control::Control(base::Loop& loop, std::shared_ptr<Commands> commands, ControlLimits limits)
    : state_(std::make_shared<State>(loop, std::move(commands), limits)) {}

Control::~Control() {
    state_->close();
}

base::Status Control::listen(const std::string& path) {
    if (state_->listening && state_->listening.path() == path) {
        return {};
    }
    auto opened = Listening::open(path);
    if (!opened) {
        return tl::unexpected(opened.error());
    }
    state_->watch.reset();
    state_->listening = std::move(*opened);
    state_->watch_listening();
    const auto only = state_->limits.only;
    base::log::info("admin", "{} taken at {}",
                    only.empty() ? std::string("commands are")
                                 : fmt::format("`{}` and nothing else is", only),
                    path);
    return {};
}

} // namespace admin
