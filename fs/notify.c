/* notify.c: the notifier thread and its queue. */
#include "notify.h"
#include "logfile.h"

#include <pthread.h>
#include <time.h>

/* How long pages may stay before they are dropped: long enough that a program which maps a file gets on. */
#define PAUSE_NS (1000L * 1000)

struct bs_notifier {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct fuse_session *session;
	fuse_ino_t *queue;
	size_t count;
	size_t room;
	bool is_ending;
};

/* Takes the whole queue; false when there is nothing left to do. */
static bool take_queue(struct bs_notifier *notifier, fuse_ino_t **ret, size_t *ret_count)
{
	(void)pthread_mutex_lock(&notifier->lock);
	while (notifier->count == 0 && !notifier->is_ending)
		(void)pthread_cond_wait(&notifier->wake, &notifier->lock);
	*ret = notifier->queue;
	*ret_count = notifier->count;
	notifier->queue = NULL;
	notifier->count = notifier->room = 0;
	(void)pthread_mutex_unlock(&notifier->lock);
	return *ret_count > 0;
}

static void *run(void *arg)
{
	const struct timespec pause = {.tv_nsec = PAUSE_NS};
	struct bs_notifier *notifier = arg;
	fuse_ino_t *queue = NULL;
	size_t count = 0;

	while (take_queue(notifier, &queue, &count)) {
		(void)nanosleep(&pause, NULL);
		for (size_t i = 0; i < count; i++)
			(void)fuse_lowlevel_notify_inval_inode(notifier->session, queue[i], 0, 0);
		free(queue);
	}
	free(queue);
	return NULL;
}

enum bs_code bs_notifier_start(
	struct fuse_session *session, struct bs_notifier **ret, struct bs_error *reterr)
{
	struct bs_notifier *notifier = calloc(1, sizeof(*notifier));
	int err;

	if (!notifier)
		return bs_error_set(reterr, BS_NO_MEMORY, "no memory for the notifier");
	notifier->session = session;
	(void)pthread_mutex_init(&notifier->lock, NULL);
	(void)pthread_cond_init(&notifier->wake, NULL);
	err = pthread_create(&notifier->thread, NULL, run, notifier);
	if (err) {
		free(notifier);
		return bs_error_sys(reterr, err, "cannot start the notifier");
	}
	*ret = notifier;
	return BS_OK;
}

static bool make_room(struct bs_notifier *notifier)
{
	size_t room = notifier->room * 2 + 16;
	fuse_ino_t *queue;

	if (notifier->count < notifier->room)
		return true;
	queue = reallocarray(notifier->queue, room, sizeof(*queue));
	if (!queue)
		return false;
	notifier->queue = queue;
	notifier->room = room;
	return true;
}

void bs_notifier_drop_pages(struct bs_notifier *notifier, fuse_ino_t ino)
{
	bool is_lost = false;

	(void)pthread_mutex_lock(&notifier->lock);
	/* Readers come page after page: mostly it is the last one again. */
	if (notifier->count == 0 || notifier->queue[notifier->count - 1] != ino) {
		is_lost = !make_room(notifier);
		if (!is_lost)
			notifier->queue[notifier->count++] = ino;
		(void)pthread_cond_signal(&notifier->wake);
	}
	(void)pthread_mutex_unlock(&notifier->lock);
	if (is_lost)
		bs_log("no memory: pages of a file stay in the page cache");
}

struct bs_notifier *bs_notifier_stop(struct bs_notifier *notifier)
{
	if (!notifier)
		return NULL;
	(void)pthread_mutex_lock(&notifier->lock);
	notifier->is_ending = true;
	(void)pthread_cond_signal(&notifier->wake);
	(void)pthread_mutex_unlock(&notifier->lock);
	(void)pthread_join(notifier->thread, NULL);
	(void)pthread_cond_destroy(&notifier->wake);
	(void)pthread_mutex_destroy(&notifier->lock);
	free(notifier->queue);
	free(notifier);
	return NULL;
}
