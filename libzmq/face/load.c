/* Opening the engine, once per process:
 *
 *  1. a Go program is refused: it would have two Go runtimes, each of which believes that the process is its own;
 *  2. all signals are blocked while the engine starts, so that its threads never take one that is meant for the host;
 *  3. what the engine's runtime did to the host's dispositions is undone, but for faults: writes of ours do not raise
 *     SIGPIPE, and the engine is built to preempt without SIGURG.
 */
#include "face.h"

#include <dlfcn.h>
#include <elf.h>
#include <libgen.h>
#include <limits.h>
#include <link.h>
#include <signal.h>
#include <unistd.h>

const struct engine *engine;
bool forked, one_processor;

static pthread_mutex_t opening = PTHREAD_MUTEX_INITIALIZER; /* guards the opening of engine */

static bool started; /* the opening has come to the engine's own code */

static struct host host = {socket_released, monitor_event};

static char directory[PATH_MAX]; /* of this library; "" if it cannot be found */

/* In the child nothing of the engine runs any more. Before the engine, a thread that was about to open it is not there. */
static void in_child (void)
{
	if (started)
		forked = true;
	else
		pthread_mutex_init (&opening, NULL);
}

/* What has to be done early: the loader may know this library by a name that the host's next chdir makes wrong, and a fork may
 * come while the engine is being opened. */
__attribute__ ((constructor)) static void loaded (void)
{
	Dl_info here;
	char self[PATH_MAX];
	if (dladdr (&engine, &here) && realpath (here.dli_fname, self))
		strcpy (directory, dirname (self));
	pthread_atfork (NULL, NULL, in_child);
}

/* is_go looks for the note that every Go linker leaves in a program: its name is "Go". */
static bool is_go (const char *at, size_t size)
{
	while (size >= sizeof (ElfW (Nhdr))) {
		const ElfW (Nhdr) *note = (const void *) at;
		size_t name = (note->n_namesz + 3u) & ~3u, body = (note->n_descsz + 3u) & ~3u;
		if (name + body > size - sizeof *note)
			return false;
		if (note->n_namesz == 4 && memcmp (at + sizeof *note, "Go\0", 4) == 0)
			return true;
		at += sizeof *note + name + body;
		size -= sizeof *note + name + body;
	}
	return false;
}

/* The first object that is shown is the program itself. */
static int look_at_program (struct dl_phdr_info *info, size_t size, void *go)
{
	(void) size;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW (Phdr) *p = &info->dlpi_phdr[i];
		if (p->p_type == PT_NOTE && is_go ((const char *) (info->dlpi_addr + p->p_vaddr), p->p_memsz))
			*(bool *) go = true;
	}
	return 1; /* no more objects */
}

static bool host_is_go (void)
{
	bool go = false;
	dl_iterate_phdr (look_at_program, &go);
	return go;
}

/* beside is a file in the directory of this library. */
static int beside (char *path, size_t room, const char *name)
{
	if (!*directory)
		return fail (ENOENT);
	if (snprintf (path, room, "%s/%s", directory, name) >= (int) room)
		return fail (ENAMETOOLONG);
	return 0;
}

static int load (void)
{
	char path[PATH_MAX];
	if (beside (path, sizeof path, "libglassmq-engine.so") < 0)
		return -1;
	started = true;
	void *library = dlopen (path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	if (!library) {
		started = false;
		fprintf (stderr, "libzmq (GlassMQ): %s\n", dlerror ());
		return fail (ENOENT);
	}
	const struct engine *found = dlsym (library, "glassmq_engine");
	if (!found || found->version != ENGINE_VERSION) {
		fprintf (stderr, "libzmq (GlassMQ): %s is of another version than libzmq.so.5: install both from one build\n", path);
		return fail (ENOTSUP);
	}
	if (found->start (&host) < 0)
		return fail (EFAULT);
	one_processor = sysconf (_SC_NPROCESSORS_ONLN) < 2;
	__atomic_store_n (&engine, found, __ATOMIC_RELEASE);
	return 0;
}

/* quietly loads with the host's signals out of the way, but for those of faults. */
static int quietly (void)
{
	sigset_t none, before;
	struct sigaction pipe, urgent;
	sigfillset (&none);
	for (const int *keep = (const int[]){SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS, 0}; *keep; keep++)
		sigdelset (&none, *keep);
	pthread_sigmask (SIG_SETMASK, &none, &before);
	sigaction (SIGPIPE, NULL, &pipe);
	sigaction (SIGURG, NULL, &urgent);
	int rc = load (), why = errno;
	sigaction (SIGPIPE, &pipe, NULL);
	sigaction (SIGURG, &urgent, NULL);
	pthread_sigmask (SIG_SETMASK, &before, NULL);
	errno = why;
	return rc;
}

int open_engine (void)
{
	if (forked)
		return fail (ENOTSUP);
	if (__atomic_load_n (&engine, __ATOMIC_ACQUIRE))
		return 0;
	if (host_is_go ()) {
		fputs ("libzmq (GlassMQ): this program is written in Go, and this libzmq brings a Go runtime of its own: "
		       "use the package github.com/glassmq/zmq, or the other libzmq\n", stderr);
		return fail (ENOTSUP);
	}
	pthread_mutex_lock (&opening);
	int rc = engine ? 0 : quietly ();
	pthread_mutex_unlock (&opening);
	return rc;
}
