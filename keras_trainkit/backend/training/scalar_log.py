"""Numbers for TensorBoard, whatever the backend."""


class ScalarLog:
    """Writes scalars that TensorBoard shows.

    Args:
        log_dir: Directory.

    Raises:
        ImportError: Where TensorFlow, which writes the files, is missing.
    """

    def __init__(self, log_dir):
        try:
            import tensorflow as tf
        except ImportError as error:
            raise ImportError(
                "Logs for TensorBoard are written by TensorFlow. Install it "
                "with `pip install tensorflow-cpu`, or pass no `log_dir`."
            ) from error
        self._tf = tf
        metadata = tf.compat.v1.SummaryMetadata
        # What `tf.summary.scalar` writes; but that needs TensorBoard itself.
        self._scalar = metadata(
            plugin_data=metadata.PluginData(plugin_name="scalars"),
            data_class="DATA_CLASS_SCALAR",
        )
        self._writer = tf.summary.create_file_writer(str(log_dir))

    def write(self, name, value, step):
        """Writes one number.

        Args:
            name: String; TensorBoard groups by what comes before a slash.
            value: Float.
            step: Integer.
        """
        number = self._tf.constant(value, "float32")
        with self._writer.as_default():
            self._tf.summary.write(name, number, step, self._scalar)

    def flush(self):
        """Lets readers see what was written."""
        self._writer.flush()

    def close(self):
        """Ends the file."""
        self._writer.close()
